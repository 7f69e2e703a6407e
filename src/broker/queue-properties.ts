import type { Death, Delivery, UserProperty } from '../message.ts';
import { encodeProperties } from '../mqtt/codec/encode-properties.ts';
import type { EncodedProperties } from '../mqtt/codec/encode-publish.ts';

/**
 * What a delivery from a queue says beside the message's own properties: its queue, and where it stands there. Encoded for each
 * delivery into the same bytes, of which from one to the next only a few digits change.
 */
export class QueueProperties implements EncodedProperties {
  readonly #identifiers: readonly number[] | undefined;
  #queue = '';
  #bytes: Buffer = nothing;
  readonly #sequence = new DigitField('sluice-seq');
  readonly #attempt = new DigitField('sluice-attempt');
  readonly #enqueuedAt = new DigitField('sluice-enqueued-at');

  constructor(identifiers: readonly number[] | undefined) {
    this.#identifiers = identifiers;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The same bytes until the next call. */
  of(delivery: Delivery): this {
    const { queue, sequence, attempt, enqueuedAt, death } = delivery;
    if (death !== undefined) return this.#once(delivery);
    const fits =
      queue === this.#queue &&
      this.#sequence.write(this.#bytes, sequence) &&
      this.#attempt.write(this.#bytes, attempt) &&
      this.#enqueuedAt.write(this.#bytes, enqueuedAt);
    if (!fits) this.#lay(delivery);
    return this;
  }

  /** The same for a message that is kept with its properties before it is sent. */
  userProperties(delivery: Delivery): UserProperty[] {
    return [
      ['sluice-queue', delivery.queue],
      [this.#sequence.name, String(delivery.sequence)],
      [this.#attempt.name, String(delivery.attempt)],
      [this.#enqueuedAt.name, String(delivery.enqueuedAt)],
      ...(delivery.death === undefined ? [] : provenanceOf(delivery.death)),
    ];
  }

  /** No two dead letters say the same. */
  #once(delivery: Delivery): this {
    this.#queue = '';
    this.#bytes = encodeProperties('publish', {
      userProperties: this.userProperties(delivery),
      subscriptionIdentifiers: this.#identifiers,
    });
    return this;
  }

  /** A number has more digits than the one before, or nothing was written yet. */
  #lay(delivery: Delivery): void {
    this.#queue = delivery.queue;
    const parts = this.userProperties(delivery).map((pair) => encodeProperties('publish', { userProperties: [pair] }));
    const identifiers = encodeProperties('publish', { subscriptionIdentifiers: this.#identifiers });
    this.#bytes = Buffer.concat([...parts, identifiers]);
    let end = parts[0].length;
    for (const [index, field] of [this.#sequence, this.#attempt, this.#enqueuedAt].entries()) {
      end += parts[index + 1].length;
      field.place(end, [delivery.sequence, delivery.attempt, delivery.enqueuedAt][index]);
    }
  }
}

/** Why a message is among the dead letters. */
function provenanceOf({ queue, sequence, code, reason, attempts }: Death): UserProperty[] {
  return [
    ['sluice-dead-source', queue],
    ['sluice-dead-seq', String(sequence)],
    ['sluice-dead-reason', code],
    // Whoever wrote it did not think of MQTT, whose strings take everything but this [MQTT-1.5.4-2].
    ['sluice-dead-last-error', reason.replaceAll('\0', '\ufffd')],
    ['sluice-dead-attempts', String(attempts)],
  ];
}

/** A user property whose value is a number in decimal digits. */
class DigitField {
  readonly name: string;
  #end = 0;
  /** Numbers of as many digits. */
  #min = 0;
  #max = -1;
  #value = -1;

  constructor(name: string) {
    this.name = name;
  }

  place(end: number, value: number): void {
    const digits = String(value).length;
    this.#end = end;
    this.#min = digits === 1 ? 0 : 10 ** (digits - 1);
    this.#max = 10 ** digits - 1;
    this.#value = value;
  }

  /** False where the number takes another place than it has. */
  write(bytes: Buffer, value: number): boolean {
    if (value === this.#value) return true;
    if (value < this.#min || value > this.#max) return false;
    this.#value = value;
    const high = Math.floor(value / million);
    const at = writeDigits(bytes, this.#end, value - high * million, this.#max >= million ? million : this.#max + 1);
    if (this.#max >= million) writeDigits(bytes, at, high, (this.#max + 1) / million);
    return true;
  }
}

const million = 1_000_000;
const zero = 0x30;
const nothing = Buffer.alloc(0);

/** Writes a number below `limit`, a power of ten, with all its digits so that they end before `end`. Answers where they begin. */
function writeDigits(bytes: Buffer, end: number, value: number, limit: number): number {
  let at = end;
  for (let rest = value, left = limit; left > 1; left = left / 10) {
    const next = Math.floor(rest / 10);
    bytes[--at] = zero + rest - next * 10;
    rest = next;
  }
  return at;
}
