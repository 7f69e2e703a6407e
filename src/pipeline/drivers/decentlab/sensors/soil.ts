import { bridge, group, type Measure, measure, pair, type SensorTable } from '../protocol.ts';
import { offset, single } from './parts.ts';

const depths = [0, 1, 2, 3, 4, 5, 6, 7];

export const soilSensors: SensorTable = {
  'dl-5tm': single(
    group(
      2,
      measure('dielectric_permittivity', 'Dielectric permittivity', undefined, (x) => x[0] / 50),
      measure('volumetric_water_content', 'Volumetric water content', 'm³⋅m⁻³', (x) => topp(x[0] / 50)),
      measure('soil_temperature', 'Soil temperature', '°C', (x) => (x[1] - 400) / 10),
    ),
  ),
  'dl-trs12': single(
    group(
      3,
      measure('dielectric_permittivity', 'Dielectric permittivity', undefined, (x) => permittivity(x[0] / 10)),
      measure(
        'volumetric_water_content',
        'Volumetric water content',
        'm³⋅m⁻³',
        (x) => (x[0] / 10) * 0.0003879 - 0.6956,
      ),
      measure('soil_temperature', 'Soil temperature', '°C', (x) => offset(x[1], 10)),
      measure('electrical_conductivity', 'Electrical conductivity', 'µS⋅cm⁻¹', (x) => x[2]),
    ),
  ),
  'dl-trs21': single(
    group(
      2,
      measure('water_potential', 'Water potential', 'kPa', (x) => x[0] / -10),
      measure('soil_temperature', 'Soil temperature', '°C', (x) => offset(x[1], 10)),
    ),
  ),
  'dl-smtp': single(group(2 * depths.length, ...depths.flatMap(profile))),
  'dl-zn1': single(
    group(
      2,
      measure('dendrometer_position', 'Dendrometer position', 'µm', (x) => bridge(x, 0) * 20000),
    ),
  ),
  'dl-zn2': single(
    group(
      4,
      measure('dendrometer_a_position', 'Dendrometer A Position', 'µm', (x) => bridge(x, 0) * 20000),
      measure(
        'dendrometer_b_position',
        'Dendrometer B Position',
        'µm',
        (x) => (pair(x, 0) / 8388608 - pair(x, 2) / 8388608) * 20000,
      ),
    ),
  ),
};

/** Topp's equation: the water content of mineral soil from its permittivity. */
function topp(permittivityOfSoil: number): number {
  const cubic = 0.0000043 * permittivityOfSoil ** 3;
  const square = 0.00055 * permittivityOfSoil ** 2;
  return cubic - square + 0.0292 * permittivityOfSoil - 0.053;
}

function permittivity(raw: number): number {
  return (0.000000002887 * raw ** 3 - 0.0000208 * raw ** 2 + 0.05276 * raw - 43.39) ** 2;
}

function profile(depth: number): Measure[] {
  const at = 2 * depth;
  return [
    measure(
      `soil_moisture_at_depth_${depth}`,
      `Soil moisture at depth ${depth}`,
      undefined,
      (x) => (x[at] - 2500) / 500,
    ),
    measure(`soil_temperature_at_depth_${depth}`, `Soil temperature at depth ${depth}`, '°C', (x) =>
      offset(x[at + 1], 100),
    ),
  ];
}
