/** What a step is judged by. */
export type Measure =
  /** Messages a second that the subscribers received. */
  | 'received'
  /** Messages a second that the broker acknowledged to the publishers. */
  | 'acknowledged'
  /** End-to-end milliseconds at a fixed rate. */
  | 'latency'
  /** Resident bytes of the broker for each connection that does nothing. */
  | 'idle-memory';

export interface Step {
  readonly title: string;
  readonly measure: Measure;
  /** Arguments of mqttload against Sluice. */
  readonly load: string;
  /** Arguments against Mosquitto where it has to run something else: it has no durable queues. */
  readonly peerLoad?: string;
}

export interface Scenario {
  readonly name: string;
  /** One after the other against the same broker; each is a row of the result. */
  readonly steps: readonly Step[];
  /** Sluice gets a durable queue `bench` bound to `bench/#` first. */
  readonly queue?: boolean;
  /** Brokers start anew for each run, without warming up: memory that an earlier run took is not given back and would hide the next. */
  readonly cold?: boolean;
}

const idle = '--idle 15000 --hold 5 --srcips 4 --keepalive 60 --will --idle-sub --filter idle/%d';

const pairs = '--pubs 100 --subs 100 --count 3000 --qos 1 --size 256 --filter bench/%d --window 20';

/** All payloads but those of `large` have 256 bytes; the topics are bench/0, bench/1, … by publisher. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'one-to-one-qos0',
    steps: [step('one to one, QoS 0', 'received', '--pubs 1 --subs 1 --count 1000000 --qos 0 --size 256')],
  },
  {
    name: 'one-to-one-qos1',
    steps: [step('one to one, QoS 1', 'received', '--pubs 1 --subs 1 --count 300000 --qos 1 --size 256')],
  },
  {
    name: 'fan-in',
    steps: [step('fan-in 100 → 1, QoS 0', 'received', '--pubs 100 --subs 1 --count 10000 --qos 0 --size 256')],
  },
  {
    name: 'fan-out',
    steps: [
      step('fan-out 1 → 100, QoS 0', 'received', '--pubs 1 --subs 100 --count 10000 --qos 0 --size 256 --fanout 100'),
    ],
  },
  {
    name: 'large',
    steps: [
      step('64 KiB, QoS 0', 'received', '--pubs 1 --subs 1 --count 20000 --qos 0 --size 65536'),
      step('64 KiB, QoS 1', 'received', '--pubs 1 --subs 1 --count 20000 --qos 1 --size 65536'),
      step('1 MiB, QoS 0', 'received', '--pubs 1 --subs 1 --count 1000 --qos 0 --size 1048576'),
      step('1 MiB, QoS 1', 'received', '--pubs 1 --subs 1 --count 1000 --qos 1 --size 1048576 --window 20'),
    ],
  },
  { name: 'pairs-qos1', steps: [step('100 pairs, QoS 1', 'received', pairs)] },
  {
    name: 'latency',
    steps: [
      step('latency at 20,000/s, QoS 1', 'latency', '--pubs 100 --subs 1 --count 1000 --qos 1 --size 256 --rate 20000'),
    ],
  },
  {
    name: 'durable-queue',
    queue: true,
    steps: [
      {
        title: 'durable queue 100 → 4',
        measure: 'received',
        load: '--ver 5 --pubs 100 --subs 4 --count 5000 --qos 1 --size 256 --filter $queue/bench',
        peerLoad: pairs,
      },
    ],
  },
  {
    name: 'burst',
    queue: true,
    steps: [
      {
        title: 'burst into the durable queue',
        measure: 'acknowledged',
        load: '--ver 5 --pubs 100 --subs 0 --count 5000 --qos 1 --size 256',
        peerLoad: pairs,
      },
      {
        title: 'draining the burst, 4 consumers',
        measure: 'received',
        load: '--ver 5 --pubs 0 --pubids 100 --subs 4 --count 5000 --expect 500000 --qos 1 --size 256 --filter $queue/bench',
        peerLoad: pairs,
      },
    ],
  },
  {
    name: 'idle',
    cold: true,
    steps: [step('15,000 idle connections', 'idle-memory', idle)],
  },
];

function step(title: string, measure: Measure, load: string): Step {
  return { title, measure, load };
}
