import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { Death, Destination } from '../../message.ts';
import { refuseDeadLetterCycle } from '../dead-letter-cycle.ts';
import type { QueueInfo } from '../engine.ts';
import type { GivenQueueOptions, QueueOptions } from '../options.ts';
import { resolveOptions } from '../resolve-options.ts';
import { type Admission, QueuesDestination, queueNotFound, SelectiveDestination } from './admission.ts';
import { Bindings } from './bindings.ts';
import type { EngineContext } from './context.ts';
import { queueKey, queueOfKey } from './keys.ts';
import { Queue } from './queue.ts';
import type { AnyQueue } from './queue-kinds.ts';
import { queueOf } from './queue-kinds.ts';

/** A row of the table `queues`. */
interface Definition {
  readonly name: string;
  /** As they were when it was written: options that came later have their defaults. */
  readonly options: GivenQueueOptions;
  readonly createdAt: number;
  /** Removal has begun: the queue is gone, rows of it may be left. */
  readonly removing?: true;
}

const endOfIds = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]);

/** Which queues there are, and which topics lead to them. */
export class Registry {
  readonly #context: EngineContext;
  readonly #admission: Admission;
  readonly #byName = new Map<string, AnyQueue>();
  readonly #bindings = new Bindings();
  readonly #listeners: (() => void)[] = [];
  /** One destination for each set of queues, so that many topics with the same queues share one. */
  readonly #destinations = new Map<string, Destination>();
  #infos: readonly QueueInfo[] | undefined;
  #nextId = 1;

  constructor(context: EngineContext, admission: Admission) {
    this.#context = context;
    this.#admission = admission;
  }

  get queues(): Iterable<AnyQueue> {
    return this.#byName.values();
  }

  /** The same list until a queue is made, changed or removed. */
  get infos(): readonly QueueInfo[] {
    this.#infos ??= Array.from(this.queues, infoOf);
    return this.#infos;
  }

  /** Reads the definitions; answers the ids of queues whose removal was not finished. */
  load(): number[] {
    const { environment } = this.#context;
    const unfinished: number[] = [];
    for (const { key, value } of environment.readRange('queues', queueKey(0), endOfIds, Number.POSITIVE_INFINITY)) {
      const id = queueOfKey(key);
      const definition: Definition = JSON.parse(value.toString());
      this.#nextId = Math.max(this.#nextId, id + 1);
      if (definition.removing) unfinished.push(id);
      else this.#open(id, definition);
    }
    return unfinished;
  }

  find(name: string): AnyQueue | undefined {
    return this.#byName.get(name);
  }

  /** Throws `queue_not_found`. */
  require(name: string): AnyQueue {
    const queue = this.#byName.get(name);
    if (queue === undefined) throw queueNotFound(name);
    return queue;
  }

  /** Makes the queue, or changes it; its row is in the open batch. Throws `invalid_argument`. */
  declare(name: string, given: GivenQueueOptions): AnyQueue {
    const existing = this.#byName.get(name);
    const options = resolveOptions(name, given, existing?.options);
    if (existing !== undefined) refuseMemoryChange(existing, options);
    refuseDeadLetterCycle(name, options.deadLetter, (other) => this.#byName.get(other)?.options.deadLetter ?? null);
    const queue = existing ?? this.#make(name, options);
    const leadsOn = options.deadLetter !== (existing?.options.deadLetter ?? null);
    const isOther = existing !== undefined && !isDeepStrictEqual(existing.options, options);
    queue.change(options);
    this.#infos = undefined;
    if (this.#bindings.bind(queue) || leadsOn) this.#routesChanged();
    this.#writeDefinition(queue);
    if (existing === undefined || isOther) this.#context.events.tell(name, isOther ? 'changed' : 'created');
    return queue;
  }

  /** As `deadLetter` of the context says. A queue that is made to take dead letters keeps none of its own. */
  deadLetter(name: string, record: Buffer, death: Death): boolean {
    const queue = this.#byName.get(name) ?? this.declare(name, { deadLetter: null });
    if (queue instanceof Queue && queue.isInMemory && !queue.hot.hasRoom) return false;
    queue.causes.ensure();
    const { sequence } = queue.intake.append(record);
    queue.causes.arrived(sequence, record.length, death);
    queue.delivery.pumpLater();
    return true;
  }

  /** Counts by their cause what the disk does not say of the queues that take dead letters. */
  countDeadLetters(): void {
    const names = new Set([...this.queues].map(({ options }) => options.deadLetter));
    for (const name of names) if (name !== null) this.#byName.get(name)?.causes.ensure();
  }

  /** Takes the queue out of sight; the mark that its removal has begun is in the open batch. */
  drop(queue: AnyQueue): void {
    this.#byName.delete(queue.name);
    this.#infos = undefined;
    this.#bindings.unbind(queue);
    this.#writeDefinition(queue, true);
    this.#routesChanged();
    this.#context.roomMade();
    this.#context.events.tell(queue.name, 'removed');
  }

  route(topic: string): Destination | undefined {
    const feeds = this.#bindings.match(topic);
    if (feeds.length === 0) return undefined;
    if (feeds.some(({ accepts }) => accepts !== undefined)) return new SelectiveDestination(this.#admission, feeds);
    const queues = feeds.map(({ queue }) => queue);
    const key = queues.map((queue) => queue.id).join();
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      if (this.#destinations.size >= destinationsMax) this.#destinations.clear();
      destination = new QueuesDestination(this.#admission, queues);
      this.#destinations.set(key, destination);
    }
    return destination;
  }

  onRoutesChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #open(id: number, definition: Definition): void {
    const { name, createdAt } = definition;
    const queue = queueOf(id, name, createdAt, resolveOptions(name, definition.options), this.#context);
    const counters = this.#context.environment.get('queue-counters', queueKey(id));
    if (counters !== undefined) queue.open(counters);
    this.#byName.set(queue.name, queue);
    this.#infos = undefined;
    this.#bindings.bind(queue);
  }

  #make(name: string, options: QueueOptions): AnyQueue {
    const queue = queueOf(this.#nextId++, name, this.#context.clock.now(), options, this.#context);
    queue.counters.reserve(queue.nextSequence);
    this.#byName.set(name, queue);
    return queue;
  }

  #routesChanged(): void {
    this.#destinations.clear();
    for (const listener of this.#listeners) listener();
  }

  #writeDefinition(queue: AnyQueue, removing?: true): void {
    const { name, options, createdAt } = queue;
    const definition: Definition = { name, options, createdAt, removing };
    this.#context.commit.put('queues', queueKey(queue.id), Buffer.from(JSON.stringify(definition)));
  }
}

/** Sets of queues whose destination is kept; beyond it all are made anew. */
const destinationsMax = 10_000;

export function infoOf(queue: AnyQueue): QueueInfo {
  return { name: queue.name, options: queue.options, createdAt: queue.createdAt };
}

/**
 * Which message is the newest of its key, or which one holds it, is known from memory or from the disk, so a queue that keeps
 * an order or last values changes between them while it is empty. Throws `conflict`.
 */
function refuseMemoryChange({ name, options: before, messages }: AnyQueue, after: QueueOptions): void {
  if (messages === 0 || (before.durability === 'memory') === (after.durability === 'memory')) return;
  if (after.ordering === 'none' && after.lastValue.key === null) return;
  throw new SluiceError(
    'conflict',
    `Cannot change durability of queue "${name}" from "${before.durability}" to "${after.durability}" while it holds ${messages} messages: it keeps an order or last values; drain or purge it first`,
    { detail: { queue: name, messages } },
  );
}
