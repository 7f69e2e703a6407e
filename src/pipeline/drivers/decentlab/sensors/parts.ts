import { group, measure, type SensorGroup, signOffset } from '../protocol.ts';

// Sensors that several models share. The order of the arithmetic is the published one: another order rounds otherwise.

export const battery = group(
  1,
  measure('battery_voltage', 'Battery voltage', 'V', (x) => x[0] / 1000),
);

export const sht35 = group(
  2,
  measure('air_temperature', 'Air temperature', '°C', (x) => (175 * x[0]) / 65535 - 45),
  measure('air_humidity', 'Air humidity', '%', (x) => (100 * x[1]) / 65535),
);

export const sht21 = group(
  2,
  measure('air_temperature', 'Air temperature', '°C', (x) => (175.72 * x[0]) / 65536 - 46.85),
  measure('air_humidity', 'Air humidity', '%', (x) => (125 * x[1]) / 65536 - 6),
);

export const barometer = group(
  1,
  measure('barometric_pressure', 'Barometric pressure', 'Pa', (x) => x[0] * 2),
);

/** An infrared thermometer's word: 0.1 °C above -100 °C. */
export function infrared(word: number): number {
  return (word - 1000) / 10;
}

/** A word that may be negative, in steps of 1 / `steps`. */
export function offset(word: number, steps: number): number {
  return (word - signOffset) / steps;
}

export function single(sensor: SensorGroup): readonly SensorGroup[] {
  return [sensor, battery];
}
