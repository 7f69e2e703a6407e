import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acknowledged, type Consumer, type Message, type ReceiptWaiter } from '../src/message.ts';
import { EmbeddedEngine } from '../src/queues/embedded/engine.ts';
import { silentLog } from '../src/std/log.ts';
import { Environment } from '../src/storage/environment.ts';
import { GroupCommit } from '../src/storage/group-commit.ts';

/*
 * The queue engine alone, in process: what it costs to enqueue, deliver and acknowledge, each publish flushed before its
 * receipt. `node bench/queue-engine.ts [messages]`; one line of JSON per scenario.
 */
const messages = Number(process.argv[2] ?? 500_000);
const payload = Buffer.alloc(256, 0x2a);
/** Publishes in one turn of the event loop, as many sockets bring them. */
const perTurn = 1_000;
/** Publishes without a receipt, as the publishers' own windows bound them. */
const unconfirmedMax = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
async function main(): Promise<void> {
  report('deliver at once, acknowledge in the next turn', await measureLive(messages));
  const { burst, drain } = await measureBacklog(messages);
  report('burst without a consumer', burst);
  report('drain from disk after reopening', drain);
}

async function measureLive(count: number): Promise<Measure> {
  const { engine, close } = await open('live');
  await engine.declare('live', {
    bindings: [{ filter: 'bench/#' }],
    maxInflightPerConsumer: 65_535,
    maxInflight: 1_000_000,
  });
  const consumers = Array.from({ length: 4 }, (_, n) => new NextTurnConsumer(`consumer-${n}`));
  for (const consumer of consumers) await engine.consume('live', consumer, { credit: 10_000 });
  const measured = await measure(count, () => publish(engine, 'bench/live', count));
  const stats = await engine.stats('live');
  await close();
  return { ...measured, elided: stats.elided, acknowledged: stats.acknowledged };
}

async function measureBacklog(count: number): Promise<{ burst: Measure; drain: Measure }> {
  const first = await open('backlog');
  await first.engine.declare('backlog', { bindings: [{ filter: 'bench/#' }], maxInflightPerConsumer: 65_535 });
  const burst = await measure(count, () => publish(first.engine, 'bench/backlog', count));
  await first.close();
  const reopening = performance.now();
  const second = await open('backlog');
  const reopenMs = Math.round(performance.now() - reopening);
  const drain = await measure(count, async () => {
    const consumer = new NextTurnConsumer('drain', count);
    await second.engine.consume('backlog', consumer, { credit: 1_000 });
    await consumer.all;
  });
  await second.close();
  return { burst, drain: { ...drain, reopenMs } };
}

interface Measure {
  readonly [name: string]: number;
}

async function measure(count: number, run: () => Promise<void>): Promise<Measure> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await run();
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return {
    messages: count,
    perSecond: Math.round((count / ms) * 1_000),
    cpuMicrosecondsPerMessage: Math.round(((user + system) / count) * 100) / 100,
    rssMiB: Math.round(process.memoryUsage().rss / 1024 / 1024),
  };
}

/** Publishes `count` messages and resolves with the last receipt. */
async function publish(engine: EmbeddedEngine, topic: string, count: number): Promise<void> {
  const destination = engine.route(topic);
  if (destination === undefined) throw new Error(`Cannot publish: "${topic}" leads nowhere`);
  const receipts = new Receipts();
  for (let sent = 0; sent < count; ) {
    for (let i = 0; i < perTurn && sent < count; i++, sent++) {
      destination.admit(messageOf(topic), receipts, sent);
    }
    do await new Promise((resolve) => setImmediate(resolve));
    while (sent - receipts.received > unconfirmedMax);
  }
  while (receipts.received < count) await new Promise((resolve) => setImmediate(resolve));
}

function messageOf(topic: string): Message {
  return { topic, payload, qos: 1, retain: false, properties: undefined, receivedAt: Date.now(), publisher: 'bench' };
}

class Receipts implements ReceiptWaiter {
  received = 0;

  receipt(_tag: number, failure: Error | undefined): void {
    if (failure !== undefined) throw failure;
    this.received++;
  }
}

/** Acknowledges at the end of the turn in which it got messages, as a client on a fast network would. */
class NextTurnConsumer implements Consumer {
  readonly id: string;
  readonly all: Promise<void>;
  #held: Parameters<Consumer['deliver']>[0][] = [];
  #left: number;
  #done: () => void = () => undefined;

  constructor(id: string, expected = Number.POSITIVE_INFINITY) {
    this.id = id;
    this.#left = expected;
    this.all = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  deliver(delivery: Parameters<Consumer['deliver']>[0]): void {
    if (delivery.message.payload.length !== payload.length) throw new Error('The payload was changed on its way');
    if (this.#held.length === 0) setImmediate(() => this.#acknowledge());
    this.#held.push(delivery);
  }

  ended(): void {
    this.#held = [];
  }

  #acknowledge(): void {
    const held = this.#held;
    this.#held = [];
    for (const delivery of held) delivery.settle(acknowledged);
    this.#left -= held.length;
    if (this.#left === 0) this.#done();
  }
}

async function open(name: string): Promise<{ engine: EmbeddedEngine; close: () => Promise<void> }> {
  const environment = new Environment(join(folder, name));
  const commit = new GroupCommit({ environment });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog });
  await engine.start();
  return {
    engine,
    close: async () => {
      await engine.stop();
      await environment.close();
    },
  };
}

function report(scenario: string, measured: Measure): void {
  process.stdout.write(`${JSON.stringify({ scenario, ...measured })}\n`);
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true });
}
