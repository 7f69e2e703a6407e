import { SluiceError, toSluiceError } from '../errors.ts';
import type { Destination, Message, ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import type { AutoMode } from './auto-mode.ts';
import { hasMessageId, withMessageId } from './device-message.ts';
import type { DeviceAddress } from './device-topic.ts';
import type { InlineLane } from './inline-lane.ts';
import { type RatedMessage, RateGate } from './rate-gate.ts';
import type { KnownDevice, RegistryCache } from './registry-cache.ts';
import { deviceRetired, deviceUnknown } from './steps/identify.ts';
import type { Strangers } from './strangers.ts';
import type { WayNumbers } from './way-numbers.ts';
import type { Way } from './ways.ts';
import { keptMessage } from './work.ts';

/**
 * Where device messages come in: those of queued types go to the queue, whose receipt is the answer, those of inline types to
 * the steps. While a device is looked up its messages wait here, so that they go on in the order in which they came.
 *
 * Receipts of refusals do not wait for those of earlier messages.
 */
export class Door {
  readonly #devices: RegistryCache;
  readonly #queue: Destination;
  readonly #inline: InlineLane;
  readonly #auto: Pick<AutoMode, 'mode'>;
  readonly #rates: RateGate<RatedVisitor | RatedCall>;
  readonly #nextMessageId: () => string;
  readonly #strangers: Pick<Strangers, 'saw'>;
  readonly #numbers: Pick<WayNumbers, 'came'>;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Visitor[]>();
  readonly #lookups = new Set<Promise<void>>();
  #closed = true;

  constructor(parts: DoorParts) {
    this.#devices = parts.devices;
    this.#queue = parts.queue;
    this.#inline = parts.inline;
    this.#auto = parts.auto;
    this.#nextMessageId = parts.nextMessageId;
    this.#strangers = parts.strangers;
    this.#numbers = parts.numbers;
    this.#clock = parts.clock;
    this.#rates = new RateGate(parts.clock, (visitor) => {
      if (visitor.passed !== undefined) {
        visitor.passed();
        return;
      }
      const { known, way, message, address, waiter, tag, bytes } = visitor;
      this.#inline.release(bytes);
      this.#enter(known, way, message, address, waiter, tag);
    });
  }

  /** Messages that came faster than they may. */
  get rates(): { readonly refused: number; readonly delayed: number } {
    return this.#rates;
  }

  open(): void {
    this.#closed = false;
  }

  /** Refuses everything from now on; what waits goes on. */
  close(): void {
    this.#closed = true;
    this.#rates.flush();
  }

  /** Resolves when no message waits for its device. */
  async idle(): Promise<void> {
    while (this.#lookups.size > 0) await Promise.all(this.#lookups);
    this.#rates.flush();
  }

  /** Makes room for a message that is kept before it comes here; where there is none it is answered, and this with false. */
  reserve(bytes: number, waiter: ReceiptWaiter, tag: number): boolean {
    return this.#inline.reserve(bytes, waiter, tag);
  }

  release(bytes: number): void {
    this.#inline.release(bytes);
  }

  /**
   * Charges what is no message of its own to the rates of a device, for which room is made already. Resolves when it may go on; rejects with
   * `rate_limited` where its sender does not wait.
   */
  async inTurn(known: KnownDevice, bytes: number, waiter: ReceiptWaiter, tag: number): Promise<void> {
    if (known.meter === undefined && known.ways.meter === undefined) return;
    const call = { known, bytes, waiter, tag };
    const problem = this.#rates.problem(call);
    if (problem === undefined) return;
    if (waiter.patient !== true) throw problem;
    await new Promise<void>((passed) => this.#rates.wait({ ...call, passed }));
  }

  admit(message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    if (this.#closed) {
      waiter.receipt(tag, new SluiceError('unavailable', 'Try again later: the pipeline does not run'));
      return;
    }
    const waiting = this.#waiting.get(address.deviceId);
    const known = waiting === undefined ? this.#devices.peek(address.deviceId) : undefined;
    if (known !== undefined) this.#go(known, message, address, waiter, tag);
    else if (this.#inline.reserve(message.payload.length, waiter, tag)) {
      const visitor = { message: keptMessage(message), address, waiter, tag };
      if (waiting !== undefined) waiting.push(visitor);
      else this.#wait(address.deviceId, visitor);
    }
  }

  #wait(deviceId: string, first: Visitor): void {
    const visitors = [first];
    this.#waiting.set(deviceId, visitors);
    const lookup = this.#lookUp(deviceId, visitors).finally(() => this.#lookups.delete(lookup));
    this.#lookups.add(lookup);
  }

  async #lookUp(deviceId: string, visitors: readonly Visitor[]): Promise<void> {
    let known: KnownDevice | null | undefined;
    let problem: SluiceError | undefined;
    try {
      known = await this.#devices.lookup(deviceId);
    } catch (cause) {
      problem = toSluiceError(cause);
    }
    this.#waiting.delete(deviceId);
    for (const { message, address, waiter, tag } of visitors) {
      this.#inline.release(message.payload.length);
      if (known === undefined) waiter.receipt(tag, problem);
      else this.#go(known, message, address, waiter, tag);
    }
  }

  #go(known: KnownDevice | null, message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    if (known === null) {
      this.#strangers.saw(address.deviceId, message.publisher, this.#clock.now());
      waiter.receipt(tag, deviceUnknown(address.deviceId));
    } else if (known.device.retired) waiter.receipt(tag, deviceRetired(address.deviceId));
    else {
      const way = known.ways.of(address.eventType);
      if (message.payload.length > way.bytesMax) waiter.receipt(tag, tooLarge(known, message, way, address));
      else if (known.meter === undefined && known.ways.meter === undefined)
        this.#enter(known, way, message, address, waiter, tag);
      else this.#enterByRate(known, way, message, address, waiter, tag);
    }
  }

  #enterByRate(
    known: KnownDevice,
    way: Way,
    message: Message,
    address: DeviceAddress,
    waiter: ReceiptWaiter,
    tag: number,
  ): void {
    const visitor = { known, way, message, address, waiter, tag, bytes: message.payload.length };
    const problem = this.#rates.problem(visitor);
    if (problem === undefined) this.#enter(known, way, message, address, waiter, tag);
    else if (waiter.patient !== true) waiter.receipt(tag, problem);
    else if (this.#inline.reserve(visitor.bytes, waiter, tag))
      this.#rates.wait({ ...visitor, message: keptMessage(message) });
  }

  #enter(
    { type }: KnownDevice,
    way: Way,
    message: Message,
    address: DeviceAddress,
    waiter: ReceiptWaiter,
    tag: number,
  ): void {
    this.#numbers.came(type.name, address.eventType, this.#clock.turn());
    const mode = way.mode === 'auto' ? this.#auto.mode() : way.mode;
    if (mode === 'queued' || waiter.safeIsEnough === true) this.#enqueue(message, waiter, tag);
    else this.#inline.take(message, address, waiter, tag);
  }

  #enqueue(message: Message, waiter: ReceiptWaiter, tag: number): void {
    const identified = hasMessageId(message) ? message : withMessageId(message, this.#nextMessageId());
    if (this.#queue.admit(identified, waiter, tag)) return;
    waiter.receipt(tag, new SluiceError('unavailable', 'Try again later: the ingest queue takes no messages'));
  }
}

export interface DoorParts {
  readonly devices: RegistryCache;
  readonly queue: Destination;
  readonly inline: InlineLane;
  readonly auto: Pick<AutoMode, 'mode'>;
  readonly clock: Clock;
  readonly strangers: Pick<Strangers, 'saw'>;
  readonly numbers: Pick<WayNumbers, 'came'>;
  readonly nextMessageId: () => string;
}

/** A message that waits until its device is looked up. */
interface Visitor {
  readonly message: Message;
  readonly address: DeviceAddress;
  readonly waiter: ReceiptWaiter;
  readonly tag: number;
}

/** A message that waits until the rates let it through. */
interface RatedVisitor extends Visitor, RatedMessage {
  readonly way: Way;
  readonly passed?: undefined;
}

/** The same of what goes on by itself. */
interface RatedCall extends RatedMessage {
  readonly passed: () => void;
}

function tooLarge(
  { type }: KnownDevice,
  message: Message,
  { bytesMax }: Way,
  { eventType }: DeviceAddress,
): SluiceError {
  const met = message.payload.length;
  return new SluiceError(
    'payload_too_large',
    `Send at most ${bytesMax} bytes: bytesMax of device type "${type.name}" for "${eventType}", met ${met}`,
    { detail: { limit: 'bytesMax' } },
  );
}
