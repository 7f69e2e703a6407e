import { group, type Measure, measure, pair, type SensorTable } from '../protocol.ts';
import { offset, single } from './parts.ts';

export const weatherSensors: SensorTable = {
  'dl-atm22': single(
    group(
      8,
      ...wind(0),
      measure('air_temperature', 'Air temperature', '°C', (x) => offset(x[3], 10)),
      ...orientation(4),
      ...windComponents(6),
    ),
  ),
  'dl-atm41': single(
    group(
      17,
      measure('solar_radiation', 'Solar radiation', 'W⋅m⁻²', (x) => offset(x[0], 1)),
      measure('precipitation', 'Precipitation', 'mm', (x) => offset(x[1], 1000)),
      measure('lightning_strike_count', 'Lightning strike count', undefined, (x) => offset(x[2], 1)),
      measure('lightning_average_distance', 'Lightning average distance', 'km', (x) => offset(x[3], 1)),
      ...wind(4),
      measure('air_temperature', 'Air temperature', '°C', (x) => offset(x[7], 10)),
      measure('vapor_pressure', 'Vapor pressure', 'kPa', (x) => offset(x[8], 100)),
      measure('atmospheric_pressure', 'Atmospheric pressure', 'kPa', (x) => offset(x[9], 100)),
      measure('relative_humidity', 'Relative humidity', '%', (x) => offset(x[10], 10)),
      measure('sensor_temperature_internal', 'Sensor temperature (internal)', '°C', (x) => offset(x[11], 10)),
      ...orientation(12),
      measure('compass_heading', 'Compass heading', '°', (x) => offset(x[14], 1)),
      ...windComponents(15),
    ),
  ),
  // One tip of the bucket is 0.1 mm.
  'dl-tbrg-01': single(
    group(
      4,
      measure('precipitation', 'Precipitation', 'mm', (x) => x[0] * 0.1),
      measure('precipitation_interval', 'Precipitation interval', 's', (x) => x[1]),
      measure('cumulative_precipitation', 'Cumulative precipitation', 'mm', (x) => pair(x, 2) * 0.1),
    ),
  ),
  'dl-par': single(
    group(
      1,
      measure('photosynthetically_active_radiation', 'Photosynthetically active radiation', 'µmol⋅m⁻²⋅s⁻¹', (x) =>
        pyranometer(x[0]),
      ),
    ),
  ),
  'dl-pyr': single(
    group(
      1,
      measure('total_solar_radiation', 'Total solar radiation', 'W⋅m⁻²', (x) => pyranometer(x[0])),
    ),
  ),
};

function wind(at: number): Measure[] {
  return [
    measure('wind_speed', 'Wind speed', 'm⋅s⁻¹', (x) => offset(x[at], 100)),
    measure('wind_direction', 'Wind direction', '°', (x) => offset(x[at + 1], 10)),
    measure('maximum_wind_speed', 'Maximum wind speed', 'm⋅s⁻¹', (x) => offset(x[at + 2], 100)),
  ];
}

function orientation(at: number): Measure[] {
  return [
    measure('x_orientation_angle', 'X orientation angle', '°', (x) => offset(x[at], 10)),
    measure('y_orientation_angle', 'Y orientation angle', '°', (x) => offset(x[at + 1], 10)),
  ];
}

function windComponents(at: number): Measure[] {
  return [
    measure('north_wind_speed', 'North wind speed', 'm⋅s⁻¹', (x) => offset(x[at], 100)),
    measure('east_wind_speed', 'East wind speed', 'm⋅s⁻¹', (x) => offset(x[at + 1], 100)),
  ];
}

/** 5 units a millivolt on a converter with 3 V of full scale. */
function pyranometer(word: number): number {
  return 3 * (word / 32768 - 1) * 1000 * 5;
}
