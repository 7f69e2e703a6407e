import type { Broker } from './broker.ts';
import { mosquittoVersion, startMosquitto, startMosquittoAsItComes } from './mosquitto.ts';
import { natsVersion, startNats } from './nats.ts';
import { rabbitmqVersion, startRabbitmq } from './rabbitmq.ts';

/** What Sluice is compared with. */
export interface Peer {
  /** As `--peer` has it. */
  readonly option: string;
  /** The head of its column. */
  readonly name: string;
  /** Whether what waits in it is on disk: then it runs a scenario's `durableLoad`, otherwise its `memoryLoad`. */
  readonly durable: boolean;
  /** Below bench/, where `--write` puts its table. */
  readonly resultsFile: string;
  start(folder: string, core: number | undefined): Promise<Broker>;
  version(): string;
}

export const peers: readonly Peer[] = [
  {
    option: 'mosquitto',
    name: 'Mosquitto',
    durable: false,
    resultsFile: 'results.md',
    start: startMosquitto,
    version: mosquittoVersion,
  },
  {
    option: 'mosquitto-defaults',
    name: 'Mosquitto as it comes',
    durable: false,
    resultsFile: 'results-defaults.md',
    start: startMosquittoAsItComes,
    version: mosquittoVersion,
  },
  {
    option: 'rabbitmq',
    name: 'RabbitMQ',
    durable: true,
    resultsFile: 'results-rabbitmq.md',
    start: startRabbitmq,
    version: rabbitmqVersion,
  },
  {
    option: 'nats',
    name: 'NATS',
    durable: true,
    resultsFile: 'results-nats.md',
    start: startNats,
    version: natsVersion,
  },
];
