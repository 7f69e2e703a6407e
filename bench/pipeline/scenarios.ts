import type { Mode } from './fleet.ts';

export interface PipelineScenario {
  readonly name: string;
  readonly title: string;
  readonly mode: Mode;
  readonly devices: number;
  /** Of each device. */
  readonly messages: number;
  /** The door that the devices come through. */
  readonly door: 'mqtt' | 'http';
  /** Further arguments of the load over MQTT. */
  readonly load: string;
  /** The pipeline stands still until every message is acknowledged. */
  readonly held?: boolean;
  /**
   * It takes its time rather than what the machine can do: only the acknowledgements are of interest, so that server and load each have
   * a core of their own.
   */
  readonly paced?: boolean;
  /** What is asked of the figure, messages a second, or of the 99th percentile of acknowledgements, milliseconds. */
  readonly aim: string;
}

/** Devices of one type with a JSON Schema, in SQLite as latest state and history. */
export const pipelineScenarios: readonly PipelineScenario[] = [
  {
    name: 'queued',
    title: 'queued, MQTT QoS 1',
    mode: 'queued',
    devices: 100,
    messages: 2_000,
    door: 'mqtt',
    load: '--window 100',
    aim: '≥ 20,000/s',
  },
  {
    name: 'inline',
    title: 'inline, MQTT QoS 1',
    mode: 'inline',
    devices: 100,
    messages: 2_000,
    door: 'mqtt',
    load: '--window 20',
    aim: '≥ 8,000/s',
  },
  {
    name: 'http',
    title: 'inline, HTTP, a request for each message',
    mode: 'inline',
    devices: 64,
    messages: 800,
    door: 'http',
    load: '',
    aim: '≥ 4,000/s',
  },
  {
    name: 'tick',
    title: '1,000 devices at once, every second for a minute',
    mode: 'queued',
    devices: 1_000,
    messages: 60,
    door: 'mqtt',
    load: '--tick 1',
    paced: true,
    aim: 'acknowledged in ≤ 50 ms (p99)',
  },
  {
    name: 'burst',
    title: '1,000,000 while the pipeline stands still, then processed',
    mode: 'queued',
    devices: 100,
    messages: 10_000,
    door: 'mqtt',
    load: '--window 100',
    held: true,
    aim: 'none lost, memory bounded',
  },
];
