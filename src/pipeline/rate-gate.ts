import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { type Deadline, Deadlines } from '../std/deadlines.ts';
import { Deque } from '../std/deque.ts';
import type { Exhausted } from './limit-meter.ts';
import type { KnownDevice } from './registry-cache.ts';

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

/**
 * Holds devices to their rates and those of their type, before the queue: what comes too fast is refused with the name of the limit
 * and is nobody's dead letter. Who is patient waits instead, and is not read meanwhile.
 */
export class RateGate<V extends RatedMessage> {
  readonly #clock: Clock;
  readonly #onward: (visitor: V) => void;
  readonly #lines = new Map<string, Line<V>>();
  readonly #due: Deadlines<Line<V>>;
  /** Messages that were refused, and those that had to wait. */
  refused = 0;
  delayed = 0;

  constructor(clock: Clock, onward: (visitor: V) => void) {
    this.#clock = clock;
    this.#onward = onward;
    this.#due = new Deadlines((line) => this.#letThrough(line), clock);
  }

  /** Why the message may not pass now; it is counted where it may. */
  problem({ known, bytes, waiter }: RatedMessage): SluiceError | undefined {
    const now = this.#clock.turn();
    const waits = waiter.patient === true && this.#lines.has(known.device.id);
    const problem = waits ? behindOthers : limitOf(known, now);
    if (problem === undefined) charge(known, bytes, now);
    else if (waiter.patient !== true) this.refused++;
    return problem;
  }

  /** Takes a message that is patient and may not pass now. Its sender is not read until it has. */
  wait(visitor: V): void {
    this.delayed++;
    const { device } = visitor.known;
    const line = this.#lines.get(device.id) ?? this.#begin(device.id);
    line.visitors.push(visitor);
    visitor.waiter.held?.(visitor.tag);
    const now = this.#clock.now();
    if (line.heapIndex < 0) this.#due.set(line, now + waitMs(visitor.known, now));
  }

  /** Lets everybody through at once, whatever the rates say: it was taken, and the server stops. */
  flush(): void {
    this.#due.clear();
    for (const { visitors } of this.#lines.values()) for (const visitor of visitors) this.#onward(visitor);
    this.#lines.clear();
  }

  #begin(deviceId: string): Line<V> {
    const line: Line<V> = { deviceId, visitors: new Deque(), deadline: 0, heapIndex: -1 };
    this.#lines.set(deviceId, line);
    return line;
  }

  #letThrough(line: Line<V>): void {
    const now = this.#clock.now();
    for (let next = line.visitors.peek(); next !== undefined; next = line.visitors.peek()) {
      const wait = waitMs(next.known, now);
      if (wait > 0) {
        this.#due.set(line, now + wait);
        return;
      }
      line.visitors.shift();
      charge(next.known, next.bytes, now);
      this.#onward(next);
    }
    this.#lines.delete(line.deviceId);
  }
}

const behindOthers = new SluiceError('rate_limited', 'Others of the device wait');

function charge({ meter, ways }: KnownDevice, bytes: number, now: number): void {
  meter?.charge(bytes, now);
  ways.meter?.charge(bytes, now);
}

function waitMs({ meter, ways }: KnownDevice, now: number): number {
  return Math.max(meter?.exhausted(now)?.waitMs ?? 0, ways.meter?.exhausted(now)?.waitMs ?? 0);
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
