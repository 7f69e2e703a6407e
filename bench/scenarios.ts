/** What a step is judged by. */
export type Measure =
  /** Messages a second that the subscribers received. */
  | 'received'
  /** Messages a second that the broker acknowledged to the publishers. */
  | 'acknowledged'
  /** End-to-end milliseconds at a fixed rate. */
  | 'latency'
  /** Resident bytes of the broker for each connection that does nothing, when it has settled. */
  | 'idle-memory';

export interface Step {
  readonly title: string;
  readonly measure: Measure;
  /** Arguments of mqttload against Sluice. */
  readonly load: string;
  /** Arguments against a peer that has no durable queues, where it has to run something else: the nearest that it can do. */
  readonly memoryLoad?: string;
  /** Arguments against a peer with durable queues, where it has to run something else. */
  readonly durableLoad?: string;
  /** The title of the step that shows what this one would cost without what is special in it. */
  readonly comparedWith?: string;
}

export interface Scenario {
  readonly name: string;
  /** One after the other against the same broker; each is a row of the result. */
  readonly steps: readonly Step[];
  /** Sluice gets a durable queue `bench` bound to `bench/#` first. */
  readonly queue?: boolean;
  /** And as many more, `many-0` bound to `many/0` and so on. */
  readonly furtherQueues?: number;
  /** Arguments of mqttload that a peer with durable queues gets once before: they leave kept sessions behind. */
  readonly durablePreparation?: string;
  /** Nothing of a peer stands beside it: what it shows is compared with another step. */
  readonly withoutPeer?: boolean;
  /** Brokers start anew for each run, without warming up: memory that an earlier run took is not given back and would hide the next. */
  readonly cold?: boolean;
  /** Runs of each start that do not count: 1 where nothing is said. */
  readonly warmUps?: number;
}

/** A server to which connections have come, and which does nothing for so long, has given back the memory that only its work took. */
export const settleSeconds = 20;

/** As long as that takes where none have come. What is measured from an earlier moment on seems cheaper than it is. */
export const restSeconds = 80;

const idle = `--idle 15000 --hold ${settleSeconds + 5} --srcips 4 --keepalive 60 --will --idle-sub --filter idle/%d`;

/** Until V8 compiles nothing any more on the core that the event loop runs on: a message waits for that (docs/decisions/0039). */
const untilCompiled = 6;

const pairs = '--pubs 100 --subs 100 --count 3000 --qos 1 --size 256 --filter bench/%d --window 20';

/** From the durable queue `bench` of Sluice. */
const fromQueue = '--ver 5 --filter $queue/bench';

/**
 * A durable queue over MQTT 3.1.1, in a broker that does not share one between consumers: the kept session of a consumer.
 * Each of the four gets the messages of a quarter of the publishers.
 */
const toKeptSessions = '--topics 4 --idle-timeout 30';
const fromKeptSessions = `${toKeptSessions} --persist --filter bench/%d`;

/** Payloads of most scenarios have 256 bytes; the topics are bench/0, bench/1, … by publisher. */
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
    warmUps: untilCompiled,
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
        load: `--pubs 100 --subs 4 --count 5000 --qos 1 --size 256 ${fromQueue}`,
        memoryLoad: pairs,
        durableLoad: `--pubs 100 --subs 4 --count 2000 --qos 1 --size 256 ${fromKeptSessions}`,
      },
    ],
  },
  {
    name: 'queue-latency',
    queue: true,
    warmUps: untilCompiled,
    steps: [
      {
        title: 'latency at 20,000/s through the durable queue',
        measure: 'latency',
        load: `--pubs 100 --subs 4 --count 2000 --qos 1 --size 256 --rate 20000 ${fromQueue}`,
        memoryLoad: '--pubs 100 --subs 1 --count 2000 --qos 1 --size 256 --rate 20000',
        durableLoad: `--pubs 100 --subs 4 --count 2000 --qos 1 --size 256 --rate 20000 ${fromKeptSessions}`,
      },
    ],
  },
  {
    name: 'queue-payloads',
    queue: true,
    steps: [
      queueStep('1 KiB through the durable queue', '--pubs 100 --count 2000 --qos 1 --size 1024'),
      queueStep('16 KiB through the durable queue', '--pubs 100 --count 200 --qos 1 --size 16384 --window 20'),
      queueStep('1 MiB through the durable queue', '--pubs 10 --count 40 --qos 1 --size 1048576 --window 4'),
    ],
  },
  {
    name: 'burst',
    queue: true,
    durablePreparation: `--pubs 0 --subs 4 --count 1 --qos 1 ${fromKeptSessions}`,
    steps: [
      {
        title: 'burst into the durable queue',
        measure: 'acknowledged',
        load: '--ver 5 --pubs 100 --subs 0 --count 5000 --qos 1 --size 256',
        memoryLoad: pairs,
        durableLoad: `--pubs 100 --subs 0 --count 5000 --qos 1 --size 256 ${toKeptSessions}`,
      },
      {
        title: 'draining the burst, 4 consumers',
        measure: 'received',
        load: `--pubs 0 --pubids 100 --subs 4 --count 5000 --expect 500000 --qos 1 --size 256 ${fromQueue}`,
        memoryLoad: pairs,
        durableLoad: `--pubs 0 --pubids 100 --subs 4 --count 5000 --expect 500000 --qos 1 --size 256 ${fromKeptSessions}`,
      },
    ],
  },
  {
    name: 'many-queues',
    queue: true,
    furtherQueues: 1_000,
    withoutPeer: true,
    steps: [
      step('one queue, 100 → 100', 'received', `--pubs 100 --subs 100 --count 3000 --qos 1 --size 256 ${fromQueue}`),
      {
        title: '1,000 queues at once, 100 → 100',
        measure: 'received',
        load:
          '--ver 5 --pubs 100 --subs 100 --count 3000 --qos 1 --size 256 ' +
          '--topic many/%d --topics 1000 --filter $queue/many-%d --filters 1000',
        comparedWith: 'one queue, 100 → 100',
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

/** From the publishers through a durable queue to 4 consumers; in memory, from each publisher to a subscriber of its own. */
function queueStep(title: string, publishing: string): Step {
  const publishers = /--pubs (\d+)/.exec(publishing)?.[1];
  return {
    title,
    measure: 'received',
    load: `${publishing} --subs 4 ${fromQueue}`,
    memoryLoad: `${publishing} --subs ${publishers} --filter bench/%d`,
    durableLoad: `${publishing} --subs 4 ${fromKeptSessions}`,
  };
}
