import { bridge, group, type Measure, measure, pair, type SensorTable } from '../protocol.ts';
import { battery, single } from './parts.ts';

/** Digital and analogue loggers, scales and strain gauges: models whose parameters are part of their name. */
export const loggerSensors: SensorTable = {
  'dl-dlr2-002': single(group(4, ...pulses('', ''))),
  'dl-dlr2-003': single(
    group(
      1,
      measure('input', 'Input', undefined, (x) => x[0]),
    ),
  ),
  // 4 to 20 mA over a shunt of 10 Ω
  'dl-dlr2-004-10': single(
    group(
      1,
      measure('current', 'Current', 'mA', (x) => ((3 * (x[0] - 32768)) / 32768 / 2 / 10) * 1000),
    ),
  ),
  'dl-dlr2-005': single(
    group(
      2,
      measure('voltage', 'Voltage', 'V', (x) => 3 * bridge(x, 0)),
    ),
  ),
  'dl-dlr2-006': single(
    group(
      2,
      measure('potentiometer_position', 'Potentiometer position', undefined, (x) => bridge(x, 0)),
    ),
  ),
  'dl-dlr2-008-2000': single(
    group(
      2,
      measure('temperature', 'Temperature', '°C', (x) => pt100(bridge(x, 0), 2000)),
    ),
  ),
  'dl-dlr2-010': [group(4, ...pulses('ch0_', 'CH0: ')), group(4, ...pulses('ch1_', 'CH1: ')), battery],
  'dl-dlr2-012': single(
    group(
      2,
      measure('strain_gauge', 'Strain gauge', 'µm⋅m⁻¹', (x) => (((bridge(x, 0) / 64) * 4) / 2.02) * 1000000),
    ),
  ),
  'dl-dws-232263168-0000302459-1370': single(
    group(
      3,
      measure('frequency', 'Frequency', 'Hz', frequency),
      measure('weight', 'Weight', 'g', (x) => (frequency(x) ** 2 - 232263168) * 0.000302459 + 1370),
    ),
  ),
  'dl-kl66-1538372-464859': single(
    group(
      3,
      measure('counter_reading', 'Counter reading', undefined, (x) => x[0]),
      measure('measurement_interval', 'Measurement interval', undefined, (x) => x[1] / 32768),
      measure('frequency', 'Frequency', 'Hz', frequency),
      measure('weight', 'Weight', 'g', wireWeight),
      measure('elongation', 'Elongation', 'µm', elongation),
      measure('strain', 'Strain', 'µm⋅m⁻¹', (x) => elongation(x) / 0.066),
    ),
  ),
};

function pulses(prefix: string, displayPrefix: string): Measure[] {
  const display = (text: string): string => (displayPrefix === '' ? text : displayPrefix + text);
  return [
    measure(`${prefix}pulse_count`, display('Pulse count'), undefined, (x) => x[0]),
    measure(`${prefix}pulse_interval`, display('Pulse interval'), 's', (x) => x[1]),
    measure(`${prefix}cumulative_pulse_count`, display('Cumulative pulse count'), undefined, (x) => pair(x, 2)),
  ];
}

/** Temperature of a platinum resistor in series with `ohms`, by the published second-order fit. */
function pt100(reading: number, ohms: number): number {
  const half = reading / 2;
  const resistance = (half * ohms) / (1 - half);
  return -244.83 + 2.3419 * resistance + 0.0010664 * resistance ** 2;
}

/** Of a vibrating wire: periods counted against ticks of a 32,768 Hz clock. */
function frequency(x: readonly number[]): number {
  return (x[0] / x[1]) * 32768;
}

/** KL66 with a resting frequency of 15,383.72 Hz and a factor of 46.4859. */
function wireWeight(x: readonly number[]): number {
  return ((frequency(x) ** 2 - 15383.72 ** 2) * 46.4859) / 1000000;
}

function elongation(x: readonly number[]): number {
  return ((wireWeight(x) * -1.5) / 1000) * 9.8067;
}
