import type { DriverExample } from '../../driver.ts';

/** The first three are those of the format's description. */
export const examples: readonly DriverExample[] = [
  example('Two temperature sensors', '03670110 056700ff', { temperature_3: 27.2, temperature_5: 25.5 }),
  example('Temperature and accelerometer', '0167ffd7 067104d2fb2e0000', {
    temperature_1: -4.1,
    accelerometer_6: { x: 1.234, y: -1.234, z: 0 },
  }),
  example('GPS', '018806765ff2960a0003e8', { gps_1: { latitude: 42.3519, longitude: -87.9094, altitude: 10 } }),
  example('Digital and analogue, in and out', '000001 010100 0202fe0c 030301f4', {
    digital_in_0: 1,
    digital_out_1: 0,
    analog_in_2: -5,
    analog_out_3: 5,
  }),
  example('Light, presence, humidity, pressure, rotation', '0165ffff 026601 03687f 0473277a 0586ff9c00640000', {
    luminosity_1: 65535,
    presence_2: 1,
    relative_humidity_3: 63.5,
    barometric_pressure_4: 1010.6,
    gyrometer_5: { x: -1, y: 1, z: 0 },
  }),
  example('Electricity', '0164ffffffff 0274014a 0375 01f4 0476 0000c350 057864 0680 04d2 0783 000003e8', {
    generic_1: 4294967295,
    voltage_2: 3.3,
    current_3: 0.5,
    frequency_4: 50000,
    percentage_5: 100,
    power_6: 1234,
    energy_7: 1,
  }),
  example('The rest', '0179ff38 027d0190 0382 00000bb8 0484010e 0585 65920080 0687ff8000 078e01', {
    altitude_1: -200,
    concentration_2: 400,
    distance_3: 3,
    direction_4: 270,
    unix_time_5: 1704067200,
    colour_6: { r: 255, g: 128, b: 0 },
    switch_7: 1,
  }),
];

function example(description: string, hex: string, data: DriverExample['output']): DriverExample {
  return { description, bytes: hex.replaceAll(' ', ''), output: { data } };
}
