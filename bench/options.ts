import { parseArgs } from 'node:util';
import { type Peer, peers } from './peers.ts';
import { type Scenario, scenarios } from './scenarios.ts';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  /** How often each broker starts anew for a scenario: the figures of one commit differ between starts. */
  readonly starts: number;
  /** Measured runs of each start, behind those that only warm up. */
  readonly runs: number;
  readonly sluice: boolean;
  readonly peers: readonly Peer[];
  /** Where every single run goes as JSON. */
  readonly json: string | undefined;
  /** Whether the table of each peer goes into its file. */
  readonly write: boolean;
}

export const usage = `Usage: npm run bench -- [options]

  --scenario NAME        only this scenario; may be given several times. One of
                         ${scenarios.map(({ name }) => name).join(', ')}
  --runs N               measured runs of each start, after those that warm up; the table shows medians (5)
  --starts N             how often each broker starts anew for a scenario (1)
  --peer PEER            what Sluice is compared with, may be given several times: mosquitto,
                         configured for these scenarios; mosquitto-defaults, as it comes;
                         rabbitmq, with its MQTT plug-in; nats, with JetStream; none (mosquitto)
  --peer-only            measure the peers without Sluice
  --json FILE            write every run to FILE
  --write                write the table of each peer to its file: ${peers.map((peer) => peer.resultsFile).join(', ')}
  --help                 show this
`;

/** Undefined where the help was asked for. Throws for options that make no sense. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      runs: { type: 'string', default: '5' },
      starts: { type: 'string', default: '1' },
      peer: { type: 'string', multiple: true, default: ['mosquitto'] },
      'peer-only': { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const runs = countOf('--runs', values.runs);
  const starts = countOf('--starts', values.starts);
  const beside = values.peer.includes('none') ? [] : values.peer.map(peerNamed);
  if (values['peer-only'] && beside.length === 0) throw new Error('Nothing to measure: --peer-only with --peer none');
  if (values.write && beside.length === 0) throw new Error('Nowhere to write: each file is that of a peer');
  return {
    scenarios: values.scenario?.map(scenarioNamed) ?? scenarios,
    starts,
    runs,
    sluice: !values['peer-only'],
    peers: beside,
    json: values.json,
    write: values.write,
  };
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`Expected ${option} to be a whole number from 1: met "${text}"`);
  return count;
}

function peerNamed(option: string): Peer {
  const found = peers.find((peer) => peer.option === option);
  if (found !== undefined) return found;
  const known = [...peers.map((peer) => peer.option), 'none'];
  throw new Error(`Expected --peer to be ${known.join(' or ')}: met "${option}"`);
}

function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new Error(`No scenario "${name}": expected one of ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}
