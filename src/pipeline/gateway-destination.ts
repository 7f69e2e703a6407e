import { createHash } from 'node:crypto';
import { SluiceError, toSluiceError } from '../errors.ts';
import type { Destination, Message, ReceiptWaiter } from '../message.ts';
import { isJsonObject, type JsonValue } from '../std/json.ts';
import { hasMessageId, withMessageId } from './device-message.ts';
import { buildDeviceTopic } from './device-topic.ts';
import type { Door } from './door.ts';
import { notBehind, readGatewayObject } from './gateway-message.ts';
import type { PipelineLimits } from './limits.ts';
import type { RegistryCache } from './registry-cache.ts';
import { keptMessage } from './work.ts';

interface Parts {
  readonly door: Door;
  readonly devices: RegistryCache;
  readonly limits: PipelineLimits;
}

/**
 * Messages of a gateway for the devices behind it, in ThingsBoard's form: an object with the payload of each device under its
 * id. It is one message for each of them, and safe when all are; where the gateway may not act for one of them none is taken.
 */
export class GatewayDestination implements Destination {
  readonly #parts: Parts;
  readonly #gatewayId: string;
  readonly #eventType: string;

  constructor(parts: Parts, gatewayId: string, eventType: string) {
    this.#parts = parts;
    this.#gatewayId = gatewayId;
    this.#eventType = eventType;
  }

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const { gatewayBytesMax, gatewayDevicesMax } = this.#parts.limits;
    const children = childrenOf(message.payload, gatewayBytesMax, gatewayDevicesMax);
    if (children instanceof SluiceError) {
      waiter.receipt(tag, children);
      return true;
    }
    const { door } = this.#parts;
    const bytes = message.payload.length;
    if (!door.reserve(bytes, waiter, tag)) return true;
    // The payload is not looked at any more, and the rest is when the bytes that it came in may be others.
    const head = keptMessage({ ...message, payload: nothing });
    const messages = children.map(([id, value]) => this.#messageOf(head, id, value));
    this.#refusal(messages, waiter)
      .finally(() => door.release(bytes))
      .then((problem) => (problem === undefined ? this.#enter(messages, waiter, tag) : waiter.receipt(tag, problem)))
      .catch((problem) => waiter.receipt(tag, toSluiceError(problem)));
    return true;
  }

  #messageOf(head: Message, deviceId: string, value: JsonValue): Message {
    const payload = Buffer.from(JSON.stringify(value));
    const topic = buildDeviceTopic({ deviceId, eventType: this.#eventType });
    const message = { ...head, topic, payload };
    // Sent again, because its acknowledgement was lost, it is the same message; without a time it may be another one.
    return hasMessageId(message) || !isTimed(value) ? message : withMessageId(message, digest(topic, payload));
  }

  /** Why the gateway may not act for all of them: rights were asked for its own topic, and each message goes out under another. */
  async #refusal(messages: readonly Message[], waiter: ReceiptWaiter): Promise<SluiceError | undefined> {
    for (const { topic } of messages) {
      const id = deviceIdOf(topic);
      const known = this.#parts.devices.peek(id) ?? (await this.#parts.devices.lookup(id));
      if (known?.device.gateway !== this.#gatewayId) return notBehind(id, this.#gatewayId);
      if (waiter.mayPublish?.(topic, { id, deviceType: known.type.name }) !== true) return forbidden(topic);
    }
    return undefined;
  }

  #enter(messages: readonly Message[], waiter: ReceiptWaiter, tag: number): void {
    const all = new AllReceipts(messages.length, waiter, tag);
    const eventType = this.#eventType;
    for (const [place, message] of messages.entries()) {
      this.#parts.door.admit(message, { deviceId: deviceIdOf(message.topic), eventType }, all, place);
    }
  }
}

function forbidden(topic: string): SluiceError {
  return new SluiceError('not_authorized', `Not allowed to publish to "${topic}" for the device`);
}

function deviceIdOf(topic: string): string {
  return topic.split('/')[1];
}

/** One receipt where several come: the first failure, or that all is well. */
class AllReceipts implements ReceiptWaiter {
  readonly #waiter: ReceiptWaiter;
  readonly #tag: number;
  #missing: number;
  #failure: SluiceError | undefined;

  constructor(count: number, waiter: ReceiptWaiter, tag: number) {
    this.#missing = count;
    this.#waiter = waiter;
    this.#tag = tag;
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    this.#failure ??= failure;
    this.#missing--;
    if (this.#missing === 0) this.#waiter.receipt(this.#tag, this.#failure);
  }
}

function childrenOf(payload: Buffer, bytesMax: number, devicesMax: number): [string, JsonValue][] | SluiceError {
  const value = readGatewayObject(payload, bytesMax, 'with the payload of each device under its id');
  if (value instanceof SluiceError) return value;
  const children = Object.entries(value);
  if (children.length > 0 && children.length <= devicesMax) return children;
  return new SluiceError('invalid_argument', `Send for 1 to ${devicesMax} devices at once: met ${children.length}`);
}

/** Whether every entry says when it happened. */
function isTimed(value: JsonValue): boolean {
  const entries = Array.isArray(value) ? value : [value];
  return entries.every((entry) => isJsonObject(entry) && entry.ts !== undefined);
}

function digest(topic: string, payload: Buffer): string {
  return `gateway-${createHash('sha256').update(topic).update('\0').update(payload).digest('base64url')}`;
}

const nothing = Buffer.alloc(0);
