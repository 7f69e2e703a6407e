import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { serve } from './testing/served.ts';

const path = '/v1/devices/d1/telemetry';

test('a compressed body is what it was before', async (t) => {
  const { call, pipeline } = await serve(t);
  const text = JSON.stringify({ temperature: 21.5, note: 'x'.repeat(20_000) });
  const compressed: [string, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['identity', Buffer.from(text)],
    [' GZIP ', gzipSync(text)],
  ];
  for (const [encoding, bytes] of compressed) {
    const { status } = await call('POST', path, bytes, { 'content-encoding': encoding });
    assert.equal(status, 200, encoding);
    assert.equal(pipeline.ingestion.requests.at(-1)?.payload.toString(), text, encoding);
  }
});

test('JSON of every other route may be compressed too', async (t) => {
  const { call, published } = await serve(t);
  const body = gzipSync(JSON.stringify({ messages: [{ topic: 'a', payload: 'b' }] }));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  assert.equal((await call('POST', '/v1/messages', body, headers)).status, 200);
  assert.equal(published[0].payload.toString(), 'b');
});

test('a few bytes that stand for very many are too large, and cost no more than the limit', async (t) => {
  const { call, pipeline } = await serve(t);
  const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
  assert.ok(bomb.length < 11 * 1024);
  const { status, body } = await call('POST', path, bomb, { 'content-encoding': 'gzip' });
  assert.deepEqual([status, body.code, body.limit], [413, 'payload_too_large', 'http.bodyBytesMax']);
  assert.equal((await call('POST', path, '{}')).status, 200);
  assert.equal(pipeline.ingestion.requests.length, 1);
});

test('what is decompressed counts among the bodies of all connections', async (t) => {
  const { call } = await serve(t, { options: { bodiesBytesMax: 8 * 1024 } });
  const bytes = gzipSync(Buffer.alloc(32 * 1024));
  const { status, body } = await call('POST', path, bytes, { 'content-encoding': 'gzip' });
  assert.deepEqual([status, body.limit], [503, 'http.bodiesBytesMax']);
});

test('what is not compressed as it says, ends too early, or is compressed in an unknown way is refused', async (t) => {
  const { call, pipeline } = await serve(t);
  const whole = gzipSync('{"temperature":21.5}');
  // A raw block of two bytes whose frame asks for a window of 128 MiB.
  const wide = Buffer.from('28b52ffd0088110000' + '7b7d', 'hex');
  const wrong: [Buffer, string, number, string][] = [
    [Buffer.from('{}'), 'gzip', 400, 'payload_unreadable'],
    [whole.subarray(0, whole.length - 6), 'gzip', 400, 'payload_unreadable'],
    [wide, 'zstd', 400, 'payload_unreadable'],
    [whole, 'br', 400, 'payload_unreadable'],
    [whole, 'compress', 415, 'unsupported_format'],
    [whole, 'gzip, gzip', 415, 'unsupported_format'],
    [whole, 'constructor', 415, 'unsupported_format'],
  ];
  for (const [bytes, encoding, status, code] of wrong) {
    const refused = await call('POST', path, bytes, { 'content-encoding': encoding });
    assert.deepEqual([refused.status, refused.body.code], [status, code], encoding);
  }
  assert.equal(pipeline.ingestion.requests.length, 0);
});
