// MClimate HT sensor, keep-alive message.
//
//   0    1: keep-alive
//   1-2  temperature, 0.1 degrees Celsius above -40
//   3    humidity, in 256ths
//   4    battery, 8 mV above 1.6 V
const KEEP_ALIVE = 1;

const decodeUplink = (input) => {
  const [reason, high, low, humidity, battery] = input.bytes;
  if (reason !== KEEP_ALIVE || input.bytes.length < 5) {
    return { errors: [`expected a keep-alive message of 5 bytes, met ${input.bytes.length} bytes that start with ${reason}`] };
  }
  return {
    data: {
      reason: 'keepalive',
      temperature: (high * 256 + low - 400) / 10,
      humidity: (humidity * 100) / 256,
      batteryVoltage: Number(((battery * 8 + 1600) / 1000).toFixed(1)),
    },
    warnings: [],
    errors: [],
  };
};
