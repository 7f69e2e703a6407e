import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deadlines } from '../std/deadlines.ts';
import { Deque } from '../std/deque.ts';
import type { Exhausted } from './limit-meter.ts';
import type { KnownDevice } from './registry-cache.ts';
import type { Ways } from './ways.ts';

/** A message before the gate. */
export interface RatedMessage {
  readonly known: KnownDevice;
  readonly bytes: number;
  readonly waiter: ReceiptWaiter;
  readonly tag: number;
}

/** Messages of one device that wait until its rate lets them through. */
interface Line<V> extends Deadline {
  readonly deviceId: string;
  readonly visitors: Deque<V>;
}

/** Devices of one type that may send for themselves, and wait until the rate of the type lets the next of them through. */
interface Queue<V> extends Deadline {
  readonly ways: Ways;
  readonly lines: Deque<Line<V>>;
}

/**
 * Holds devices to their rates and those of their type, before the queue: what comes too fast is refused with the name of the limit
 * and is nobody's dead letter. Who is patient waits instead, and is not read meanwhile.
 */
export class RateGate<V extends RatedMessage> {
  readonly #clock: Clock;
  readonly #onward: (visitor: V) => void;
  readonly #lines = new Map<string, Line<V>>();
  /** So that a wait for the type wakes one device, however many of its devices wait. */
  readonly #queues = new Map<Ways, Queue<V>>();
  readonly #due: Deadlines<Line<V> | Queue<V>>;
  /** Messages that were refused, and those that had to wait. */
  refused = 0;
  delayed = 0;

  constructor(clock: Clock, onward: (visitor: V) => void) {
    this.#clock = clock;
    this.#onward = onward;
    this.#due = new Deadlines((due, now) => {
      if ('ways' in due) this.#advanceType(due, now);
      else this.#advance(due, now);
    }, clock);
  }

  /** Why the message may not pass now; it is counted where it may. */
  problem({ known, bytes, waiter }: RatedMessage): SluiceError | undefined {
    const now = this.#clock.turn();
    const waits = waiter.patient === true && (this.#lines.has(known.device.id) || this.#queues.has(known.ways));
    const problem = waits ? behindOthers : limitOf(known, now);
    if (problem === undefined) charge(known, bytes, now);
    else if (waiter.patient !== true) this.refused++;
    return problem;
  }

  /** Takes a message that is patient and may not pass now. Its sender is not read until it has. */
  wait(visitor: V): void {
    this.delayed++;
    const { device } = visitor.known;
    visitor.waiter.held?.(visitor.tag, 'device_rate');
    const line = this.#lines.get(device.id);
    if (line === undefined) this.#begin(device.id, visitor);
    else line.visitors.push(visitor);
  }

  /** Lets everybody through at once, whatever the rates say: it was taken, and the server stops. */
  flush(): void {
    this.#due.clear();
    for (const { visitors } of this.#lines.values()) for (const visitor of visitors) this.#onward(visitor);
    this.#lines.clear();
    this.#queues.clear();
  }

  #begin(deviceId: string, first: V): void {
    const line: Line<V> = { deviceId, visitors: new Deque(), deadline: 0, heapIndex: -1 };
    this.#lines.set(deviceId, line);
    line.visitors.push(first);
    this.#advance(line, this.#clock.now());
  }

  /** Lets through whom the rates let, and has the rest wait for what stands in its way. */
  #advance(line: Line<V>, now: number): void {
    for (let next = line.visitors.peek(); next !== undefined; next = line.visitors.peek()) {
      const { meter, ways } = next.known;
      const waitMs = meter?.exhausted(now)?.waitMs;
      const isBehind = this.#queues.has(ways) || ways.meter?.exhausted(now) !== undefined;
      if (waitMs !== undefined) this.#due.set(line, now + waitMs);
      else if (isBehind) this.#lineUp(line, ways, now);
      else {
        this.#pass(line, next, now);
        continue;
      }
      return;
    }
    this.#lines.delete(line.deviceId);
  }

  #lineUp(line: Line<V>, ways: Ways, now: number): void {
    const queue = this.#queues.get(ways);
    if (queue !== undefined) {
      queue.lines.push(line);
      return;
    }
    const begun: Queue<V> = { ways, lines: new Deque(), deadline: 0, heapIndex: -1 };
    this.#queues.set(ways, begun);
    begun.lines.push(line);
    this.#due.set(begun, now + waitMsOf(ways, now));
  }

  /** One message of each device in turn. */
  #advanceType(queue: Queue<V>, now: number): void {
    for (let line = queue.lines.peek(); line !== undefined; line = queue.lines.peek()) {
      const waitMs = waitMsOf(queue.ways, now);
      if (waitMs > 0) {
        this.#due.set(queue, now + waitMs);
        return;
      }
      queue.lines.shift();
      this.#pass(line, line.visitors.peek() as V, now);
      this.#advance(line, now);
    }
    this.#queues.delete(queue.ways);
  }

  #pass(line: Line<V>, next: V, now: number): void {
    line.visitors.shift();
    charge(next.known, next.bytes, now);
    this.#onward(next);
  }
}

const behindOthers = new SluiceError('rate_limited', 'Others of the device wait');

function charge({ meter, ways }: KnownDevice, bytes: number, now: number): void {
  meter?.charge(bytes, now);
  ways.meter?.charge(bytes, now);
}

function waitMsOf({ meter }: Ways, now: number): number {
  return meter?.exhausted(now)?.waitMs ?? 0;
}

function limitOf({ device, type, meter, ways }: KnownDevice, now: number): SluiceError | undefined {
  const ofDevice = meter?.exhausted(now);
  if (ofDevice !== undefined)
    return tooFast(`device "${device.id}"`, `rates.device.${ofDevice.limit}`, ofDevice, type.name);
  const ofType = ways.meter?.exhausted(now);
  return ofType && tooFast(`the devices of type "${type.name}"`, `rates.type.${ofType.limit}`, ofType, type.name);
}

function tooFast(who: string, limit: string, { perSecond, waitMs: wait }: Exhausted, type: string): SluiceError {
  return new SluiceError(
    'rate_limited',
    `Send again in ${wait} ms: ${who} came to ${limit} of device type "${type}" (${perSecond})`,
    { detail: { stage: 'rate', limit, retryAfterSeconds: Math.ceil(wait / 1000) } },
  );
}
