import { createHash } from 'node:crypto';
import { decodeMessage, encodeMessage, type ReceiptWaiter } from '../message.ts';
import type { Log } from '../std/log.ts';
import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import { Publication } from './publication.ts';
import type { RetainedLog } from './retained.ts';

/**
 * Retained messages in the table `retained`: the record of the message under its topic, or, where the topic is longer
 * than a key should be, under 0x00 (which no topic has) and the SHA-256 of the topic.
 */
export class RetainedTable implements RetainedLog {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #log: Log;

  constructor(environment: Environment, commit: GroupCommit, log: Log) {
    this.#environment = environment;
    this.#commit = commit;
    this.#log = log;
  }

  *load(): Generator<Publication> {
    let from: Buffer = Buffer.alloc(0);
    for (;;) {
      const rows = this.#environment.readRange('retained', from, lastKey, pageRows, pageBytesMax);
      for (const { key, value } of rows) {
        const publication = this.#read(key, value);
        if (publication !== undefined) yield publication;
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      from = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }

  /** A row that cannot be read costs its message, not the start of the server; it stays on disk to be looked at. */
  #read(key: Buffer, value: Buffer): Publication | undefined {
    try {
      const m = decodeMessage(value);
      return new Publication(m.topic, m.payload, m.qos, m.retain, m.properties, m.receivedAt, m.publisher, true);
    } catch (problem) {
      this.#log.error('Cannot read retained message', { key: key.toString('hex'), error: problem });
      return undefined;
    }
  }

  put(publication: Publication, waiter: ReceiptWaiter, tag: number): void {
    this.#commit.put('retained', keyOf(publication.topic), encodeMessage(publication));
    this.#commit.wait(waiter, tag);
  }

  remove(topic: string, waiter: ReceiptWaiter, tag: number): void {
    this.#commit.remove('retained', keyOf(topic));
    this.#commit.wait(waiter, tag);
  }
}

function keyOf(topic: string): Buffer {
  const bytes = Buffer.from(topic);
  if (bytes.length <= topicKeyBytesMax) return bytes;
  return Buffer.concat([Buffer.from([0]), createHash('sha256').update(bytes).digest()]);
}

const topicKeyBytesMax = 1024;
/** Above every key: UTF-8 has no byte 0xff. */
const lastKey = Buffer.from([0xff]);
const pageRows = 1_000;
const pageBytesMax = 4 * 1024 * 1024;
