import { SluiceError } from '../errors.ts';
import { type Message, type ReceiptWaiter, type UserProperty, userProperty } from '../message.ts';
import { headerNames } from './device-message.ts';
import { buildDeviceTopic, type DeviceAddress, defaultEventType } from './device-topic.ts';
import type { Door } from './door.ts';
import { type CloudEvent, readBinary, readStructured, structuredType } from './forms/cloud-events.ts';
import { jsonOfBytes } from './json-bytes.ts';
import type { PipelineLimits } from './limits.ts';
import { PayloadUnpacker } from './payload-unpacker.ts';

/** What makes a message one in another form than ours. */
const encodingName = 'content-encoding';
const eventMark = 'specversion';

/** Whether somebody has to look closer. Asked of every message. */
export function hasOtherForm({ properties }: Message): boolean {
  if (properties === undefined) return false;
  if (properties.contentType?.startsWith(structuredType) === true) return true;
  return properties.userProperties?.some(([name]) => name === encodingName || name === eventMark) === true;
}

/** Messages in other forms, which become ours before they go in: compressed, and CloudEvents in both modes of their MQTT binding. */
export class DeviceForms {
  readonly #door: Door;
  readonly #limits: PipelineLimits;
  readonly #unpacker: PayloadUnpacker;

  constructor(door: Door, limits: PipelineLimits) {
    this.#door = door;
    this.#limits = limits;
    this.#unpacker = new PayloadUnpacker(limits, (message, address, waiter, tag) =>
      this.#enter(without(message, encodingName), address, waiter, tag),
    );
  }

  admit(message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    const encoding = userProperty(message, encodingName);
    if (encoding === undefined) this.#enter(message, address, waiter, tag);
    else this.#unpacker.admit(message, encoding, address, waiter, tag);
  }

  #enter(message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    const event = this.#eventOf(message);
    if (event === undefined) this.#door.admit(message, address, waiter, tag);
    else if (event instanceof SluiceError) waiter.receipt(tag, event);
    else {
      const told = eventAddress(address, event);
      const made = eventMessage(message, told, event);
      if (told.eventType === address.eventType || waiter.mayPublish?.(made.topic) === true)
        this.#door.admit(made, told, waiter, tag);
      else waiter.receipt(tag, notAllowed(made.topic));
    }
  }

  /** Undefined where it is none. */
  #eventOf({ properties, payload }: Message): CloudEvent | SluiceError | undefined {
    if (properties?.contentType?.startsWith(structuredType) === true) return this.#parse(payload);
    const userProperties = properties?.userProperties ?? [];
    if (!userProperties.some(([name]) => name === eventMark)) return undefined;
    return readBinary(Object.fromEntries(userProperties), payload, properties?.contentType);
  }

  #parse(payload: Buffer): CloudEvent | SluiceError {
    const bytesMax = this.#limits.structuredEventBytesMax;
    if (payload.length > bytesMax) {
      return new SluiceError(
        'payload_too_large',
        `Send an event of at most ${bytesMax} bytes, or a longer one in binary mode: met ${payload.length}`,
        { detail: { limit: 'structuredEventBytesMax' } },
      );
    }
    const event = jsonOfBytes(payload, 'an event');
    return event instanceof SluiceError ? event : readStructured(event);
  }
}

/** Where the topic names no event type of its own, the event's counts. */
function eventAddress(address: DeviceAddress, { eventType }: CloudEvent): DeviceAddress {
  if (address.eventType !== defaultEventType || eventType === undefined) return address;
  return { deviceId: address.deviceId, eventType };
}

function notAllowed(topic: string): SluiceError {
  return new SluiceError('not_authorized', `Not allowed to publish to "${topic}", which the type of the event names`);
}

/** The data with what the attributes say in user properties of ours, of which those that were there already count. */
function eventMessage(message: Message, address: DeviceAddress, event: CloudEvent): Message {
  const { contentType: _, userProperties: given = [], ...properties } = message.properties ?? {};
  const said: [string, string | number | undefined][] = [
    [headerNames.messageId, event.messageId],
    [headerNames.time, event.time],
    [headerNames.seq, event.seq],
    [headerNames.fPort, event.fPort],
    [headerNames.firmware, event.firmwareVersion],
    [headerNames.schema, event.schema],
  ];
  const userProperties = [...given];
  for (const [name, value] of said) {
    if (value !== undefined && !given.some(([known]) => known === name)) userProperties.push([name, `${value}`]);
  }
  const { contentType } = event;
  return {
    ...message,
    topic: buildDeviceTopic(address),
    payload: event.payload,
    properties: { ...properties, ...(contentType === undefined ? {} : { contentType }), userProperties },
  };
}

function without(message: Message, name: string): Message {
  const kept = (message.properties?.userProperties ?? []).filter(([known]: UserProperty) => known !== name);
  return { ...message, properties: { ...message.properties, userProperties: kept } };
}
