import { readSync, writeSync } from 'node:fs';
import type { Job, Report } from './job.ts';

/**
 * How jobs and reports cross between the server and a script process: a pipe that the process reads and writes by itself, which
 * costs half of what Node's own channel does. Every number is 4 bytes, little endian.
 *
 *   job      length of what follows | length of the heads | length of the rest | heads | rest, as JSON | bytes of all messages
 *   report   length of what follows | kind | text
 */

type Kind = Report['kind'];

const kinds: readonly Kind[] = ['ready', 'begin', 'done'];
const startBytes = 64 * 1024;

export function writeJob({ heads, bytes, ...rest }: Job): Buffer {
  const restText = JSON.stringify(rest);
  const headsLength = Buffer.byteLength(heads);
  const restLength = Buffer.byteLength(restText);
  const frame = Buffer.allocUnsafe(12 + headsLength + restLength + bytes.length);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt32LE(headsLength, 4);
  frame.writeUInt32LE(restLength, 8);
  frame.write(heads, 12);
  frame.write(restText, 12 + headsLength);
  frame.set(bytes, 12 + headsLength + restLength);
  return frame;
}

function readJob(frame: Buffer): Job {
  const headsEnd = 12 + frame.readUInt32LE(4);
  const restEnd = headsEnd + frame.readUInt32LE(8);
  const rest: Omit<Job, 'heads' | 'bytes'> = JSON.parse(frame.toString('utf8', headsEnd, restEnd));
  return { ...rest, heads: frame.toString('utf8', 12, headsEnd), bytes: frame.subarray(restEnd) };
}

function writeReport(report: Report): Buffer {
  const text =
    report.kind === 'done' ? report.results : report.kind === 'begin' ? `${report.first} ${report.count}` : '';
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(5 + length);
  frame.writeUInt32LE(1 + length, 0);
  frame.writeUInt8(kinds.indexOf(report.kind), 4);
  frame.write(text, 5);
  return frame;
}

function readReport(frame: Buffer): Report {
  const kind = kinds[frame.readUInt8(4)];
  const text = frame.toString('utf8', 5);
  if (kind === 'done') return { kind, results: text };
  if (kind === 'ready') return { kind };
  const [first, count] = text.split(' ').map(Number);
  return { kind: 'begin', first, count };
}

/** The server's end of what it reads. */
export class ReportReader {
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = 4;
  readonly #told: (report: Report) => void;

  constructor(told: (report: Report) => void) {
    this.#told = told;
  }

  /** A large report comes in many chunks, which are put together once. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      const end = endOf(bytes);
      const isWhole = end <= bytes.length;
      const rest = isWhole ? bytes.subarray(end) : bytes;
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#held = rest.length;
      this.#needed = isWhole ? 4 : end;
      if (isWhole) this.#told(readReport(bytes.subarray(0, end)));
    }
  }
}

/** The process's end. It waits at the pipe itself, not in the event loop. */
export class JobPipe {
  readonly #descriptor: number;
  #buffer = Buffer.allocUnsafeSlow(startBytes);

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** The next job, whose bytes hold until the one after it; undefined when the server is gone. */
  next(): Job | undefined {
    let filled = 0;
    for (let end = 4; filled < end; ) {
      if (end > this.#buffer.length) this.#grow(end, filled);
      const read = readSync(this.#descriptor, this.#buffer, filled, this.#buffer.length - filled, null);
      if (read === 0) return undefined;
      filled += read;
      end = endOf(this.#buffer.subarray(0, filled));
    }
    // The server sends one job at a time, so nothing of another one is behind it.
    return readJob(this.#buffer.subarray(0, filled));
  }

  report(report: Report): void {
    const frame = writeReport(report);
    for (let written = 0; written < frame.length; ) {
      written += writeSync(this.#descriptor, frame, written, frame.length - written);
    }
  }

  #grow(length: number, filled: number): void {
    const grown = Buffer.allocUnsafeSlow(length);
    this.#buffer.copy(grown, 0, 0, filled);
    this.#buffer = grown;
  }
}

/** Where the first frame ends, as far as its length can be told. */
function endOf(bytes: Buffer): number {
  return bytes.length < 4 ? 4 : 4 + bytes.readUInt32LE(0);
}
