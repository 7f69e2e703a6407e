import { group, measure, type SensorTable } from '../protocol.ts';
import { barometer, battery, infrared, offset, sht21, sht35, single } from './parts.ts';

export const airSensors: SensorTable = {
  'dl-sht35': single(sht35),
  'dl-rhc': single(
    group(
      4,
      measure('sensor_id', 'Sensor ID', undefined, (x) => x[0] + x[1] * 65536),
      measure('air_humidity', 'Air humidity', '%', (x) => x[2] / 100),
      measure('air_temperature', 'Air temperature', '°C', (x) => offset(x[3], 100)),
    ),
  ),
  'dl-wrm': [
    sht35,
    group(
      2,
      measure('surface_temperature', 'Surface temperature', '°C', (x) => infrared(x[0])),
      measure('head_temperature', 'Head temperature', '°C', (x) => infrared(x[1])),
    ),
    battery,
  ],
  'dl-itst': single(
    group(
      2,
      measure('temperature_target', 'Temperature target', '°C', (x) => infrared(x[0])),
      measure('temperature_head', 'Temperature head', '°C', (x) => infrared(x[1])),
    ),
  ),
  'dl-ds18': single(
    group(
      1,
      measure('temperature', 'Temperature', '°C', (x) => offset(x[0], 16)),
    ),
  ),
  'dl-pm': [
    battery,
    group(
      10,
      measure('pm1_0_mass_concentration', 'PM1.0 mass concentration', 'µg⋅m⁻³', (x) => x[0] / 10),
      measure('pm2_5_mass_concentration', 'PM2.5 mass concentration', 'µg⋅m⁻³', (x) => x[1] / 10),
      measure('pm4_mass_concentration', 'PM4 mass concentration', 'µg⋅m⁻³', (x) => x[2] / 10),
      measure('pm10_mass_concentration', 'PM10 mass concentration', 'µg⋅m⁻³', (x) => x[3] / 10),
      measure('typical_particle_size', 'Typical particle size', 'nm', (x) => x[4]),
      measure('pm0_5_number_concentration', 'PM0.5 number concentration', undefined, (x) => x[5] / 10),
      measure('pm1_0_number_concentration', 'PM1.0 number concentration', undefined, (x) => x[6] / 10),
      measure('pm2_5_number_concentration', 'PM2.5 number concentration', undefined, (x) => x[7] / 10),
      measure('pm4_number_concentration', 'PM4 number concentration', undefined, (x) => x[8] / 10),
      measure('pm10_number_concentration', 'PM10 number concentration', undefined, (x) => x[9] / 10),
    ),
    sht21,
    barometer,
  ],
  'dl-lp8p': [
    sht21,
    group(
      2,
      measure('barometer_temperature', 'Barometer temperature', '°C', (x) => (x[0] - 5000) / 100),
      measure('barometric_pressure', 'Barometric pressure', 'Pa', (x) => x[1] * 2),
    ),
    group(
      8,
      measure('co2_concentration', 'CO2 concentration', 'ppm', (x) => offset(x[0], 1)),
      measure('co2_concentration_lpf', 'CO2 concentration LPF', 'ppm', (x) => offset(x[1], 1)),
      measure('co2_sensor_temperature', 'CO2 sensor temperature', '°C', (x) => offset(x[2], 100)),
      measure('capacitor_voltage_1', 'Capacitor voltage 1', 'V', (x) => x[3] / 1000),
      measure('capacitor_voltage_2', 'Capacitor voltage 2', 'V', (x) => x[4] / 1000),
      measure('co2_sensor_status', 'CO2 sensor status', undefined, (x) => x[5]),
      measure('raw_ir_reading', 'Raw IR reading', undefined, (x) => x[6]),
      measure('raw_ir_reading_lpf', 'Raw IR reading LPF', undefined, (x) => x[7]),
    ),
    battery,
  ],
  'dl-iam': [
    battery,
    sht35,
    barometer,
    group(
      2,
      measure('ambient_light_visible_infrared', 'Ambient light (visible + infrared)', undefined, (x) => x[0]),
      measure('ambient_light_infrared', 'Ambient light (infrared)', undefined, (x) => x[1]),
      measure('illuminance', 'Illuminance', 'lx', (x) => illuminance(x[0], x[1])),
    ),
    group(
      3,
      measure('co2_concentration', 'CO2 concentration', 'ppm', (x) => offset(x[0], 1)),
      measure('co2_sensor_status', 'CO2 sensor status', undefined, (x) => x[1]),
      measure('raw_ir_reading', 'Raw IR reading', undefined, (x) => x[2]),
    ),
    group(
      1,
      measure('activity_counter', 'Activity counter', undefined, (x) => x[0]),
    ),
    group(
      1,
      measure('total_voc', 'Total VOC', 'ppb', (x) => x[0]),
    ),
  ],
};

function illuminance(all: number, infraredOnly: number): number {
  return Math.max(all - 1.64 * infraredOnly, 0.59 * all - 0.86 * infraredOnly, 0) * 1.5504;
}
