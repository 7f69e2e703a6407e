import { group, type Measure, measure, type SensorTable } from '../protocol.ts';
import { offset, single } from './parts.ts';

/** Steps a bar of the Keller PR36 with the 8192 calibration. */
const kellerSteps = 8192;

export const waterSensors: SensorTable = {
  'dl-ctd10': single(
    group(
      4,
      measure('water_depth', 'Water depth', 'mm', (x) => offset(x[0], 1)),
      measure('temperature', 'Temperature', '°C', (x) => offset(x[1], 10)),
      measure('electrical_conductivity', 'Electrical conductivity', 'µS⋅cm⁻¹', (x) => x[2]),
      measure('freezing_flag', 'Freezing flag', undefined, (x) => x[3]),
    ),
  ),
  'dl-optod': single(
    group(
      5,
      measure('status', 'Status', undefined, (x) => x[0]),
      measure('temperature', 'Temperature', '°C', (x) => offset(x[1], 100)),
      measure('oxygen_saturation', 'Oxygen saturation', '%', (x) => offset(x[2], 100)),
      measure('oxygen_concentration', 'Oxygen concentration', 'mg⋅L⁻¹', (x) => offset(x[3], 100)),
      measure('oxygen_concentration_alt', 'Oxygen concentration (alt)', 'ppm', (x) => offset(x[4], 100)),
    ),
  ),
  'dl-pr21-1-10': single(group(2, ...keller(-1, 10))),
  'dl-pr26-0-1': single(group(2, ...keller(0, 1))),
  'dl-pr36-8192': single(
    group(
      2,
      measure('pressure', 'Pressure', 'bar', (x) => offset(x[0], kellerSteps)),
      measure('temperature', 'Temperature', '°C', (x) => offset(x[1], 256)),
    ),
  ),
  'dl-pr36ctd-8192': single(
    group(
      4,
      measure('pressure', 'Pressure', 'bar', (x) => offset(x[0], kellerSteps)),
      measure('temperature_electronics', 'Temperature (electronics)', '°C', (x) => offset(x[1], 256)),
      measure('temperature_pt1000', 'Temperature (PT1000)', '°C', (x) => offset(x[2], 256)),
      measure('electrical_conductivity', 'Electrical conductivity', 'mS⋅cm⁻¹', (x) => offset(x[3], 1024)),
    ),
  ),
  'dl-mbx': single(
    group(
      2,
      measure('distance', 'Distance', 'mm', (x) => x[0]),
      measure('number_of_valid_samples', 'Number of valid samples', undefined, (x) => x[1]),
    ),
  ),
  'dl-lid': single(
    group(
      11,
      distance(0, 'average'),
      distance(1, 'minimum'),
      distance(2, 'maximum'),
      distance(3, 'median'),
      distance(4, '10th percentile'),
      distance(5, '25th percentile'),
      distance(6, '75th percentile'),
      distance(7, '90th percentile'),
      distance(8, 'most frequent value'),
      measure('number_of_samples', 'Number of samples', undefined, (x) => x[9]),
      measure('total_acquisition_time', 'Total acquisition time', 'ms', (x) => x[10] / 1.024),
    ),
  ),
};

/** A Keller transmitter for a range of pressure in bar: 16384 is the lower end, 49152 the upper. */
function keller(low: number, high: number): Measure[] {
  return [
    measure('pressure', 'Pressure', 'bar', (x) => ((x[0] - 16384) / 32768) * (high - low) + low),
    measure('temperature', 'Temperature', '°C', (x) => (x[1] - 384) * 0.003125 - 50),
  ];
}

function distance(at: number, statistic: string): Measure {
  return measure(`distance_${statistic.replaceAll(' ', '_')}`, `Distance: ${statistic}`, 'mm', (x) => x[at]);
}
