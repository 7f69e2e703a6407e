import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '../std/testing/random.ts';
import { forSeeds } from '../std/testing/seed.ts';
import {
  binaryFrameHeader,
  closeFrame,
  pongFrame,
  WebSocketFrames,
  type WebSocketHandler,
} from './web-socket-frames.ts';

class Recorder implements WebSocketHandler {
  bytes = Buffer.alloc(0);
  readonly pings: string[] = [];
  closed: readonly [code: number, reason: string] | undefined;
  afterClose = 0;

  data(bytes: Buffer): void {
    if (this.closed !== undefined) this.afterClose++;
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }

  ping(payload: Buffer): void {
    if (this.closed !== undefined) this.afterClose++;
    this.pings.push(payload.toString());
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) this.afterClose++;
    this.closed = [code, reason];
  }
}

/** A frame as a client sends it; `lengthBytes` of 0, 2 or 8 where it is not as short as it can be. */
function frame(
  firstByte: number,
  payload: Buffer,
  mask: Buffer = Buffer.from('37fa213d', 'hex'),
  lengthBytes?: number,
): Buffer {
  const bytes = lengthBytes ?? (payload.length < 126 ? 0 : payload.length <= 0xffff ? 2 : 8);
  const header = Buffer.alloc(2 + bytes);
  header[0] = firstByte;
  header[1] = 0x80 | (bytes === 0 ? payload.length : bytes === 2 ? 126 : 127);
  if (bytes === 2) header.writeUInt16BE(payload.length, 2);
  if (bytes === 8) header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, mask, payload.map((byte, i) => byte ^ mask[i & 3])]);
}

function read(...chunks: readonly Buffer[]): Recorder {
  const recorder = new Recorder();
  const frames = new WebSocketFrames(recorder);
  for (const chunk of chunks) frames.push(Buffer.from(chunk));
  return recorder;
}

const text = (content: string): Buffer => Buffer.from(content);

test('the masked example of RFC 6455, section 5.7, as a binary frame', () => {
  assert.equal(read(Buffer.from('828537fa213d7f9f4d5158', 'hex')).bytes.toString(), 'Hello');
});

test('packets may span frames, frames may hold several, and control frames may stand between them [MQTT-6.0.0-2]', () => {
  const recorder = read(
    Buffer.concat([frame(0x02, text('a')), frame(0x89, text('1')), frame(0x00, text('')), frame(0x80, text('bc'))]),
    Buffer.concat([frame(0x8a, text('unasked')), frame(0x82, text('')), frame(0x82, text('d')), frame(0x89, text(''))]),
  );
  assert.equal(recorder.bytes.toString(), 'abcd');
  assert.deepEqual(recorder.pings, ['1', '']);
  assert.equal(recorder.closed, undefined);
});

test('a frame of every form of length is read', () => {
  for (const length of [0, 1, 125, 126, 127, 0xffff, 0x10000, 300_000]) {
    const payload = Buffer.alloc(length, 'x');
    assert.ok(read(frame(0x82, payload)).bytes.equals(payload), `${length} bytes`);
  }
});

test('what a frame carries is handed out as it comes, however much it announces', () => {
  const recorder = new Recorder();
  const frames = new WebSocketFrames(recorder);
  frames.push(Buffer.from('82ff001fffffffffffff00000000', 'hex'));
  for (let i = 0; i < 10; i++) frames.push(text('0123456789'));
  assert.equal(recorder.bytes.length, 100);
  assert.equal(recorder.closed, undefined);
});

const violations: readonly (readonly [string, Buffer, number])[] = [
  ['a text frame', frame(0x81, text('x')), 1003],
  ['a text frame in parts', frame(0x01, text('x')), 1003],
  ['a frame that is not masked', Buffer.from('820161', 'hex'), 1002],
  ['a reserved bit, as of a compressed frame', frame(0xc2, text('x')), 1002],
  ['an opcode that is not defined', frame(0x83, text('x')), 1002],
  ['a control opcode that is not defined', frame(0x8b, text('x')), 1002],
  ['a continuation of nothing', frame(0x80, text('x')), 1002],
  ['a message within a message', Buffer.concat([frame(0x02, text('x')), frame(0x82, text('y'))]), 1002],
  ['a ping in parts', frame(0x09, text('x')), 1002],
  ['a ping of 126 bytes', frame(0x89, Buffer.alloc(126)), 1002],
  ['a length of 2 bytes that fits into 7 bits', frame(0x82, Buffer.alloc(125), undefined, 2), 1002],
  ['a length of 8 bytes that fits into 2', frame(0x82, Buffer.alloc(0xffff), undefined, 8), 1002],
  ['a length beyond 53 bits', Buffer.from('82ff002000000000000000000000', 'hex'), 1002],
  ['a length with its highest bit set', Buffer.from('82ff800000000000000000000000', 'hex'), 1002],
  ['a close frame of one byte', frame(0x88, Buffer.alloc(1)), 1002],
  ['a close frame with a code that is never sent', frame(0x88, Buffer.from([0x03, 0xed])), 1002],
  ['a close frame with a code of no one', frame(0x88, Buffer.from([0x07, 0xd0])), 1002],
];

for (const [name, bytes, code] of violations) {
  test(`${name} closes with ${code}, and nothing behind it is read`, () => {
    const recorder = read(
      Buffer.concat([frame(0x82, text('before')), bytes, frame(0x82, text('behind'))]),
      text('more'),
    );
    assert.equal(recorder.closed?.[0], code);
    assert.equal(recorder.afterClose, 0);
    assert.doesNotMatch(recorder.bytes.toString(), /behind|more/);
  });
}

test('a close frame is answered with its own code, and one without a code with 1000', () => {
  assert.equal(read(frame(0x88, Buffer.from([0x03, 0xe9, 0x62, 0x79, 0x65]))).closed?.[0], 1001);
  assert.equal(read(frame(0x88, Buffer.from([0x0f, 0xa0]))).closed?.[0], 4000);
  assert.equal(read(frame(0x88, Buffer.alloc(0))).closed?.[0], 1000);
});

test('frames of the server have the shortest length and no mask', () => {
  assert.equal(binaryFrameHeader(125).toString('hex'), '827d');
  assert.equal(binaryFrameHeader(126).toString('hex'), '827e007e');
  assert.equal(binaryFrameHeader(0x10000).toString('hex'), '827f0000000000010000');
  assert.equal(pongFrame(text('x')).toString('hex'), '8a0178');
  assert.equal(closeFrame(1002).toString('hex'), '880203ea');
});

test('messages cut into frames and chunks at random carry the same bytes', () => {
  forSeeds(300, (random) => {
    const payload = random.bytes(2_000);
    const wire: Buffer[] = [];
    let isInMessage = false;
    let pings = 0;
    for (let at = 0; at < payload.length; ) {
      const end = Math.min(payload.length, at + random.below(random.pick([3, 200, 2_000])));
      const isLast = random.chance(50) || end === payload.length;
      wire.push(frame((isLast ? 0x80 : 0) | (isInMessage ? 0 : 2), payload.subarray(at, end), maskOf(random)));
      if (random.chance(20)) wire.push(frame(0x89, text(String(pings++)), maskOf(random)));
      isInMessage = !isLast;
      at = end;
    }
    const recorder = read(...cut(Buffer.concat(wire), random));
    assert.ok(recorder.bytes.equals(payload));
    assert.equal(recorder.pings.length, pings);
    assert.equal(recorder.closed, undefined);
  });
});

test('random bytes are read or refused once, and nothing comes after a refusal', () => {
  forSeeds(5_000, (random) => {
    const bytes = Buffer.concat([frame(random.pick([0x82, 0x02, 0x89]), random.bytes(50)), random.bytes(100)]);
    if (random.chance(50)) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    assert.equal(read(...cut(bytes, random)).afterClose, 0);
  });
});

function cut(bytes: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(random.pick([1, 20, 3_000]));
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function maskOf(random: Random): Buffer {
  return Buffer.from(Array.from({ length: 4 }, () => random.below(256)));
}
