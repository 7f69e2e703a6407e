import type { Reading } from '../devices/store.ts';
import { type ErrorCode, SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import { parseDeviceTopic } from './device-topic.ts';
import type { DriverHost, DriverRef } from './driver.ts';
import { type Outcome, outcomeOf, type Verdict } from './outcome.ts';
import type { Processor } from './processor.ts';
import { requireDriver } from './require-driver.ts';
import { Work } from './work.ts';

/** A message of a queue, as browsing shows it. */
export interface RehearsedMessage {
  readonly sequence: number;
  readonly message: Message;
}

/** What would become of a message if it were processed now. */
export interface Rehearsal {
  readonly sequence: number;
  /** Empty where the topic names none. */
  readonly deviceId: string;
  readonly messageId: string;
  readonly now: Outcome;
  readonly driver: DriverRef | undefined;
  readonly readings: readonly Reading[];
  readonly warnings: readonly string[];
  readonly error: { readonly code: ErrorCode; readonly reason: string } | undefined;
}

/** What would become of messages if they were processed now. */
export class Rehearsals {
  readonly #processor: Processor;
  readonly #drivers: Pick<DriverHost, 'drivers'>;
  readonly #messagesMax: number;

  constructor(processor: Processor, drivers: Pick<DriverHost, 'drivers'>, messagesMax: number) {
    this.#processor = processor;
    this.#drivers = drivers;
    this.#messagesMax = messagesMax;
  }

  /**
   * One answer per message, in order, with this driver or with the one that their devices have. Changes nothing. Rejects with
   * `invalid_argument` where they are too many, and with `not_found` where there is no such driver.
   */
  async run(messages: readonly RehearsedMessage[], driver?: DriverRef): Promise<readonly Rehearsal[]> {
    if (messages.length > this.#messagesMax) {
      const problem = `Rehearse at most ${this.#messagesMax} messages at once: met ${messages.length}`;
      throw new SluiceError('invalid_argument', problem);
    }
    if (driver !== undefined) requireDriver(this.#drivers, driver);
    const works = messages.map(({ message }) => workOf(message, driver));
    await this.#processor.rehearse(works.filter((work) => work !== undefined));
    return works.map((work, i) => (work === undefined ? wrongTopic(messages[i]) : answer(messages[i].sequence, work)));
  }
}

function workOf(message: Message, driver: DriverRef | undefined): Work | undefined {
  const address = parseDeviceTopic(message.topic);
  if (address === undefined || address instanceof SluiceError) return undefined;
  const work = new Work(message, address);
  work.wantedDriver = driver;
  return work;
}

function answer(sequence: number, work: Work): Rehearsal {
  const verdict = work.verdict as Verdict;
  return {
    sequence,
    deviceId: work.address.deviceId,
    messageId: work.messageId,
    now: outcomeOf(verdict),
    driver: work.driver === undefined ? undefined : { id: work.driver.id, version: work.driver.version },
    readings: work.readings,
    warnings: work.warnings,
    error: verdict.kind === 'stored' ? undefined : { code: verdict.error.code, reason: verdict.error.message },
  };
}

function wrongTopic({ sequence, message }: RehearsedMessage): Rehearsal {
  const reason = `Cannot process a message on "${message.topic}": it is no topic of device readings`;
  const error = { code: 'invalid_topic', reason } as const;
  return {
    sequence,
    deviceId: '',
    messageId: '',
    now: 'rejected:invalid_topic',
    driver: undefined,
    readings: [],
    warnings: [],
    error,
  };
}
