import { isDeepStrictEqual } from 'node:util';
import type { Correction, RawMessage, RawMessages } from '../devices/raw.ts';
import type { Reading } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { Message, UserProperty } from '../message.ts';
import { headerNames } from './device-message.ts';
import { parseDeviceTopic } from './device-topic.ts';
import type { DriverHost, DriverRef, ListedDriver } from './driver.ts';
import type { Processor } from './processor.ts';
import { requireDriver } from './require-driver.ts';
import { Work } from './work.ts';

/** Stored messages of a device type, to be read by another driver than they were. */
export interface DecodeAgainSpec {
  readonly deviceType: string;
  /** Epoch milliseconds at which they were processed; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** Absent: the driver that their devices have now. */
  readonly driver: DriverRef | undefined;
  /** False only looks. */
  readonly apply: boolean;
  /** `next` and `end` of the call before; 0 and undefined begin. */
  readonly after: number;
  readonly end: number | undefined;
}

export interface DecodedAgain {
  /** Messages of this call that were decoded. */
  readonly decoded: number;
  readonly same: number;
  readonly different: number;
  /** Different, and changed in history and state. */
  readonly corrected: number;
  /** The driver cannot read them: they stay as they are. */
  readonly failed: number;
  /** The first that are different or failed. */
  readonly samples: readonly DecodeDifference[];
  /** Where the next call goes on; undefined where all were looked at. */
  readonly next: number | undefined;
  /** To be sent along with `next`. */
  readonly end: number;
}

export interface DecodeDifference {
  readonly deviceId: string;
  readonly messageId: string;
  readonly before: readonly Reading[];
  readonly after: readonly Reading[];
  readonly error: string | undefined;
}

const samplesMax = 20;

/**
 * Decodes stored messages again from their bytes, a slice with each call: what was corrected is so for good, and a call that
 * is repeated after a crash finds it the same.
 */
export class DecodeAgain {
  readonly #raw: RawMessages;
  readonly #processor: Processor;
  readonly #drivers: Pick<DriverHost, 'drivers'>;
  readonly #messagesMax: number;

  constructor(raw: RawMessages, processor: Processor, drivers: Pick<DriverHost, 'drivers'>, messagesMax: number) {
    this.#raw = raw;
    this.#processor = processor;
    this.#drivers = drivers;
    this.#messagesMax = messagesMax;
  }

  /** Rejects with `not_found` where there is no such device type or driver, and with `invalid_argument` where it is to apply one of another type. */
  async run({ driver, apply, ...query }: DecodeAgainSpec): Promise<DecodedAgain> {
    const listed = driver && requireDriver(this.#drivers, driver);
    if (apply && listed !== undefined) refuseForeign(listed, query.deviceType);
    const { messages, next, end } = await this.#raw.slice({ ...query, limit: this.#messagesMax });
    const works = messages.map((message) => workOf(message, driver));
    await this.#processor.decode(works.filter((work) => work !== undefined));
    const pairs = messages.map((message, at) => ({ message, work: works[at] }));
    const changed = pairs.filter(({ message, work }) => work?.verdict === undefined && !isSame(message, work));
    const failed = pairs.filter(({ work }) => work === undefined || work.verdict !== undefined);
    const corrected = apply && changed.length > 0 ? await this.#raw.correct(changed.map(toCorrection)) : [];
    return {
      decoded: messages.length,
      same: messages.length - changed.length - failed.length,
      different: changed.length,
      corrected: corrected.filter((done) => done).length,
      failed: failed.length,
      samples: [...changed, ...failed].slice(0, samplesMax).map(toDifference),
      next,
      end,
    };
  }
}

/** It can be tried on anything; what it makes of the messages of a type that it is not for must not take their place. */
function refuseForeign({ id, version, deviceType: itsOwn }: ListedDriver, deviceType: string): void {
  if (itsOwn === deviceType || itsOwn === '*') return;
  throw new SluiceError(
    'invalid_argument',
    `Cannot correct messages of device type "${deviceType}" with driver "${id}" ${version}: it is for "${itsOwn}"`,
  );
}

interface Pair {
  readonly message: RawMessage;
  readonly work: Work | undefined;
}

/** The message as it came, as far as that has to do with what it means. */
function workOf(raw: RawMessage, driver: DriverRef | undefined): Work | undefined {
  const address = parseDeviceTopic(raw.topic);
  if (address === undefined || address instanceof Error) return undefined;
  const work = new Work(toMessage(raw), address);
  work.wantedDriver = driver;
  return work;
}

function toMessage({ topic, payload, messageId, fPort, receivedAt, said }: RawMessage): Message {
  const headers: (readonly [string, string | number | undefined])[] = [
    [headerNames.messageId, messageId],
    [headerNames.time, said.time],
    [headerNames.seq, said.seq],
    [headerNames.firmware, said.firmwareVersion],
    [headerNames.fPort, fPort],
    [headerNames.schema, said.schema],
  ];
  const userProperties = headers.flatMap(([name, value]): UserProperty[] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return {
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    properties: { userProperties, ...(said.contentType === undefined ? {} : { contentType: said.contentType }) },
    receivedAt,
    publisher: '',
  };
}

function isSame({ readings }: RawMessage, work: Work | undefined): boolean {
  return isDeepStrictEqual(readings, work?.readings);
}

function toCorrection({ message, work }: Pair): Correction {
  const { id, deviceId, messageId, receivedAt } = message;
  const { driver, processedAt, readings, warnings } = work as Work;
  const { id: name, version } = driver as DriverRef;
  return { id, deviceId, messageId, receivedAt, processedAt, driver: name, driverVersion: version, readings, warnings };
}

function toDifference({ message, work }: Pair): DecodeDifference {
  const verdict = work?.verdict;
  return {
    deviceId: message.deviceId,
    messageId: message.messageId,
    before: message.readings,
    after: work?.readings ?? [],
    error: verdict === undefined || verdict.kind === 'stored' ? undefined : verdict.error.message,
  };
}
