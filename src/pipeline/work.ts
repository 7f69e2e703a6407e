import type { Reading } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import type { DeviceMessage } from './device-message.ts';
import type { DeviceAddress } from './device-topic.ts';
import type { DriverRef } from './driver.ts';
import type { NamedSchema } from './named-schemas.ts';
import { type Stage, stoppedVerdict, type Verdict } from './outcome.ts';
import type { KnownDevice } from './registry-cache.ts';

/** One message on its way through the steps: each step adds what it found out, until there is a verdict. */
export class Work {
  readonly address: DeviceAddress;
  readonly lane: 'inline' | 'queued' = 'queued';
  /** It was put back long after it came: what it says of rates and times is about whoever did that, and not about devices. */
  readonly isReplayed: boolean = false;
  message: Message;
  messageId = '';
  /** What the device says of the message. */
  said: DeviceMessage | undefined;
  known: KnownDevice | undefined;
  /** The firmware that made the payload: what the message says, else what the registry knows. */
  firmwareVersion: string | undefined;
  /** The driver to try it with, whichever its device would have. */
  wantedDriver: DriverRef | undefined;
  driver: DriverRef | undefined;
  /** The schemas to check it by, where the message names one that is not current. */
  schema: NamedSchema | undefined;
  /** Microseconds that its driver took; undefined where none was asked. */
  decodeUs: number | undefined;
  processedAt = 0;
  readings: readonly Reading[] = [];
  /** What the driver and the schema found to say of a message that is taken all the same. */
  warnings: readonly string[] = [];
  verdict: Verdict | undefined;

  /**
   * Epoch milliseconds. Inline: when it came to its lane. It may have had to wait for its rate before, which says nothing of how
   * busy that is.
   */
  readonly enteredAt: number;

  constructor(message: Message, address: DeviceAddress, enteredAt = message.receivedAt) {
    this.message = message;
    this.address = address;
    this.enteredAt = enteredAt;
  }

  /** Ends the way of this message; the others of its batch go on. */
  stop(stage: Stage, problem: SluiceError): void {
    const detail = { ...problem.detail, stage, ...(this.messageId === '' ? {} : { messageId: this.messageId }) };
    this.verdict = stoppedVerdict(
      stage,
      new SluiceError(problem.code, problem.message, { cause: problem.cause, detail }),
    );
  }
}

/** Works that no step has stopped yet. */
export function going(batch: readonly Work[]): readonly Work[] {
  return batch.some((work) => work.verdict !== undefined) ? batch.filter((work) => work.verdict === undefined) : batch;
}

/** A copy, since the network is read into the buffer in which the message arrived. */
export function keptMessage(message: Message): Message {
  const { properties } = message;
  const correlationData = properties?.correlationData;
  return {
    topic: message.topic,
    payload: Buffer.from(message.payload),
    qos: message.qos,
    retain: message.retain,
    properties:
      correlationData === undefined ? properties : { ...properties, correlationData: Buffer.from(correlationData) },
    receivedAt: message.receivedAt,
    publisher: message.publisher,
  };
}
