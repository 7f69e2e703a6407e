import { SluiceError } from '../errors.ts';
import type { Message, ReceiptWaiter } from '../message.ts';
import { compressionNames, compressionOf } from '../std/compression.ts';
import { Deque } from '../std/deque.ts';
import type { DeviceAddress } from './device-topic.ts';
import type { PipelineLimits } from './limits.ts';
import { keptMessage } from './work.ts';

/** A message of which only the bytes are to be decompressed. */
interface Packed {
  readonly message: Message;
  readonly encoding: string;
  readonly address: DeviceAddress;
  readonly waiter: ReceiptWaiter;
  readonly tag: number;
}

type Unpacked = (message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number) => void;

/**
 * Decompresses payloads one after the other, away from this thread, and passes the messages on in their order. One at a time,
 * because the threads that do it are those that storage flushes on.
 */
export class PayloadUnpacker {
  readonly #limits: PipelineLimits;
  readonly #unpacked: Unpacked;
  readonly #waiting = new Deque<Packed>();
  #bytes = 0;
  #busy = false;

  constructor(limits: PipelineLimits, unpacked: Unpacked) {
    this.#limits = limits;
    this.#unpacked = unpacked;
  }

  /** Takes the message, or refuses it through its waiter. */
  admit(message: Message, encoding: string, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    const problem = compressionOf(encoding) === undefined ? unknownEncoding(encoding) : this.#refusal(message);
    if (problem !== undefined) {
      waiter.receipt(tag, problem);
      return;
    }
    this.#bytes += message.payload.length;
    this.#waiting.push({ message: keptMessage(message), encoding, address, waiter, tag });
    if (!this.#busy) this.#next();
  }

  #refusal({ payload }: Message): SluiceError | undefined {
    const { unpackMessagesMax, unpackBytesMax } = this.#limits;
    if (this.#waiting.size >= unpackMessagesMax) return full('unpackMessagesMax', unpackMessagesMax);
    return this.#bytes + payload.length > unpackBytesMax ? full('unpackBytesMax', unpackBytesMax) : undefined;
  }

  #next(): void {
    const packed = this.#waiting.shift();
    this.#busy = packed !== undefined;
    if (packed === undefined) return;
    const { message, encoding, address, waiter, tag } = packed;
    const bytesMax = this.#limits.unpackedPayloadBytesMax;
    compressionOf(encoding)?.decompress(message.payload, { maxOutputLength: bytesMax }, (problem, payload) => {
      this.#bytes -= message.payload.length;
      this.#next();
      if (problem === null) this.#unpacked({ ...message, payload }, address, waiter, tag);
      else waiter.receipt(tag, unreadable(problem, encoding, bytesMax));
    });
  }
}

function unknownEncoding(encoding: string): SluiceError {
  const met = JSON.stringify(encoding.slice(0, 60));
  return new SluiceError('unsupported_format', `Compress the payload with ${compressionNames}: met ${met}`);
}

function unreadable(cause: Error, encoding: string, bytesMax: number): SluiceError {
  if ('code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
    return new SluiceError(
      'payload_too_large',
      `Send a payload of at most ${bytesMax} bytes before it is compressed: this one has more`,
      { detail: { limit: 'unpackedPayloadBytesMax' } },
    );
  }
  return new SluiceError('payload_unreadable', `Compress the payload with ${encoding} as content-encoding says`, {
    cause,
  });
}

function full(limit: string, value: number): SluiceError {
  const message = `Try again later: as much as ${limit} allows (${value}) waits to be decompressed`;
  return new SluiceError('quota_exceeded', message, { detail: { limit } });
}
