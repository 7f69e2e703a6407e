import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Job, Report } from './job.ts';
import { JobPipe, ReportReader, writeJob } from './job-pipe.ts';

const small: Job = {
  heads: '[{"driver":3,"topic":"devices/d\u00e4/telemetry"}]',
  bytes: Uint8Array.of(0, 255, 10),
  scripts: [{ driver: 3, name: 'd@1.0.0', script: 'function decodeUplink() { return "\u20ac" }' }],
  schemas: [[0, '{"type":"object"}']],
  forgetSchemas: false,
  forgetScripts: false,
  untold: 1,
};

test('a job arrives as it was sent, also where it is larger than what is read at once', () => {
  const large: Job = { ...small, heads: `["${'\u20ac'.repeat(100_000)}"]`, bytes: new Uint8Array(300_000).fill(7) };
  for (const job of [small, large, { ...small, bytes: new Uint8Array(0), scripts: [], boxAll: true }]) {
    withFile(writeJob(job), (pipe) => {
      const { bytes, ...rest } = pipe.next() ?? assert.fail('no job');
      assert.deepEqual({ ...rest, bytes: Uint8Array.from(bytes) }, job);
      assert.equal(pipe.next(), undefined);
    });
  }
});

test('a job that breaks off is none: the server is gone', () => {
  for (const length of [0, 3, 4, 20])
    withFile(writeJob(small).subarray(0, length), (pipe) => assert.equal(pipe.next(), undefined));
});

test('reports arrive in their order, however they are cut', () => {
  const reports: Report[] = [
    { kind: 'ready' },
    { kind: 'begin', first: 64, count: 3 },
    { kind: 'done', results: `["${'\u20ac'.repeat(1000)}"]` },
    { kind: 'done', results: '[]' },
  ];
  const sent = withFile(Buffer.alloc(0), (pipe) => {
    for (const report of reports) pipe.report(report);
  });
  for (const size of [1, 2, 7, 1024, sent.length]) {
    const told: Report[] = [];
    const reader = new ReportReader((report) => told.push(report));
    for (let at = 0; at < sent.length; at += size) reader.push(sent.subarray(at, at + size));
    assert.deepEqual(told, reports);
  }
});

/** What the file holds in the end. */
function withFile(content: Uint8Array, work: (pipe: JobPipe) => void): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipe-'));
  const file = join(folder, 'pipe');
  writeFileSync(file, content);
  const descriptor = openSync(file, 'r+');
  try {
    work(new JobPipe(descriptor));
    return readFileSync(file);
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}
