import { isDeviceId } from '../access/device-topics.ts';
import { SluiceError } from '../errors.ts';
import type { Message, ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { type IngestRequest, readDeviceMessage, toMessage, withMessageId } from './device-message.ts';
import { type DeviceAddress, defaultEventType, deviceIdForm, eventTypeForm, isEventType } from './device-topic.ts';
import type { Door } from './door.ts';
import { ExpectedResults } from './expected-results.ts';
import { type IngestAnswer, IngestCall } from './ingest-call.ts';
import type { ResultWaiters } from './result-waiters.ts';

/** What the sender of messages would like, beside what their device types say. */
export interface IngestWish {
  /** An answer once it is safe, whatever the mode of its type. */
  readonly safeIsEnough?: boolean;
  /** To hear what became of it, also where it goes through the queue. */
  readonly result?: boolean;
}

/** Messages that come by request instead of by topic. */
export class Ingestion {
  readonly #door: Door;
  readonly #waiters: ResultWaiters;
  readonly #clock: Clock;
  readonly #nextMessageId: () => string;

  constructor(door: Door, waiters: ResultWaiters, clock: Clock, nextMessageId: () => string) {
    this.#door = door;
    this.#waiters = waiters;
    this.#clock = clock;
    this.#nextMessageId = nextMessageId;
  }

  /** Rejects with what is wrong with the message, or with what stands in its way. Its result has the number 0. */
  async take(request: IngestRequest, wish: IngestWish = {}): Promise<IngestAnswer & { results?: ExpectedResults }> {
    const { message, address, messageId } = this.#identified(request);
    const call = new IngestCall(messageId, wish.safeIsEnough === true);
    const results = this.#expectedResults(wish);
    results?.expect(0, { deviceId: address.deviceId, messageId, client: request.publisher });
    try {
      this.#door.admit(message, address, call, 0);
      const answer = await call.answer;
      if (answer.kind === 'accepted' && results !== undefined) return { ...answer, results };
      results?.cancel();
      return answer;
    } catch (problem) {
      results?.cancel();
      throw problem;
    }
  }

  /** The same for many: `waiter` hears of each under its number. */
  batch(waiter: ReceiptWaiter, wish: Pick<IngestWish, 'result'> = {}): IngestBatch {
    const results = this.#expectedResults(wish);
    const admit = (request: IngestRequest, tag: number): string => {
      const { message, address, messageId } = this.#identified(request);
      results?.expect(tag, { deviceId: address.deviceId, messageId, client: request.publisher });
      this.#door.admit(message, address, waiter, tag);
      return messageId;
    };
    return { admit, results };
  }

  #expectedResults({ result = false }: IngestWish): ExpectedResults | undefined {
    return result ? new ExpectedResults(this.#waiters, this.#clock) : undefined;
  }

  #identified(request: IngestRequest): Identified {
    const address = { deviceId: request.deviceId, eventType: request.eventType ?? defaultEventType };
    // Before a topic is made of them: an id with a '/' in it would name another device.
    if (!isDeviceId(address.deviceId) || !isEventType(address.eventType)) throw wrongAddress(address);
    const made = toMessage(request, this.#clock.now());
    const said = readDeviceMessage(made);
    if (said instanceof SluiceError) throw said;
    const messageId = said.messageId ?? this.#nextMessageId();
    const message = said.messageId === undefined ? withMessageId(made, messageId) : made;
    return { message, address, messageId };
  }
}

/** Many messages of one request. */
export interface IngestBatch {
  /** Answers the id of the message; throws where something is wrong with it. */
  admit(request: IngestRequest, tag: number): string;
  /** Where they were wished for: to be waited for, or cancelled. */
  readonly results: ExpectedResults | undefined;
}

interface Identified {
  readonly message: Message;
  readonly address: DeviceAddress;
  readonly messageId: string;
}

function wrongAddress({ deviceId, eventType }: DeviceAddress): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot take a message of device "${deviceId.slice(0, 200)}" and event type "${eventType.slice(0, 200)}": ` +
      `a device id is ${deviceIdForm}, an event type ${eventTypeForm}`,
  );
}
