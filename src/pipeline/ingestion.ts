import { isDeviceId } from '../access/device-topics.ts';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import { type IngestRequest, readDeviceMessage, toMessage, withMessageId } from './device-message.ts';
import { type DeviceAddress, defaultEventType, deviceIdForm, eventTypeForm, isEventType } from './device-topic.ts';
import type { Door } from './door.ts';
import { type IngestAnswer, IngestCall } from './ingest-call.ts';

/** Messages that come by request instead of by topic. */
export class Ingestion {
  readonly #door: Door;
  readonly #clock: Clock;
  readonly #nextMessageId: () => string;

  constructor(door: Door, clock: Clock, nextMessageId: () => string) {
    this.#door = door;
    this.#clock = clock;
    this.#nextMessageId = nextMessageId;
  }

  /** Rejects with what is wrong with the message, or with what stands in its way. */
  async take(request: IngestRequest): Promise<IngestAnswer> {
    const address = { deviceId: request.deviceId, eventType: request.eventType ?? defaultEventType };
    // Before a topic is made of them: an id with a '/' in it would name another device.
    if (!isDeviceId(address.deviceId) || !isEventType(address.eventType)) throw wrongAddress(address);
    const made = toMessage(request, this.#clock.now());
    const said = readDeviceMessage(made);
    if (said instanceof SluiceError) throw said;
    const messageId = said.messageId ?? this.#nextMessageId();
    const message = said.messageId === undefined ? withMessageId(made, messageId) : made;
    const call = new IngestCall(messageId);
    this.#door.admit(message, address, call, 0);
    return call.answer;
  }
}

function wrongAddress({ deviceId, eventType }: DeviceAddress): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot take a message of device "${deviceId.slice(0, 200)}" and event type "${eventType.slice(0, 200)}": ` +
      `a device id is ${deviceIdForm}, an event type ${eventTypeForm}`,
  );
}
