import { parseArgs } from 'node:util';
import { type Scenario, scenarios } from './scenarios.ts';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  /** Measured runs of each scenario and broker, behind one that only warms up. */
  readonly runs: number;
  readonly sluice: boolean;
  readonly mosquitto: boolean;
  /** With the configuration that it comes with, instead of one made for these scenarios. */
  readonly mosquittoAsItComes: boolean;
  /** Where every single run goes as JSON. */
  readonly json: string | undefined;
  /** Whether the table goes into bench/results.md, or results-defaults.md. */
  readonly write: boolean;
}

export const usage = `Usage: npm run bench -- [options]

  --scenario NAME        only this scenario; may be given several times. One of
                         ${scenarios.map(({ name }) => name).join(', ')}
  --runs N               measured runs of each, after one that warms up; the table shows medians (5)
  --peer PEER            what Sluice is compared with: mosquitto, configured for these
                         scenarios; mosquitto-defaults, as it comes; none (mosquitto)
  --peer-only            measure the peer without Sluice
  --json FILE            write every run to FILE
  --write                write the table to bench/results.md, beside
                         mosquitto-defaults to bench/results-defaults.md
  --help                 show this
`;

/** Undefined where the help was asked for. Throws for options that make no sense. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      runs: { type: 'string', default: '5' },
      peer: { type: 'string', default: 'mosquitto' },
      'peer-only': { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`Expected --runs to be a whole number from 1: met "${values.runs}"`);
  if (!peers.includes(values.peer)) {
    throw new Error(`Expected --peer to be ${peers.join(' or ')}: met "${values.peer}"`);
  }
  const mosquitto = values.peer !== 'none';
  if (values['peer-only'] && !mosquitto) throw new Error('Nothing to measure: --peer-only with --peer none');
  return {
    scenarios: values.scenario?.map(scenarioNamed) ?? scenarios,
    runs,
    sluice: !values['peer-only'],
    mosquitto,
    mosquittoAsItComes: values.peer === 'mosquitto-defaults',
    json: values.json,
    write: values.write,
  };
}

const peers = ['mosquitto', 'mosquitto-defaults', 'none'];

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new Error(`No scenario "${name}": expected one of ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}
