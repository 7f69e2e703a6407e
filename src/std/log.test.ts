import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogLevel, silentLog } from './log.ts';

test('an entry is one line of JSON with time, level, message and fields', () => {
  const { log, lines } = capture('info');
  log.info('Queue declared', { queue: 'a\nb', messages: 3n });
  assert.equal(lines.length, 1);
  assert.equal(lines[0].indexOf('\n'), lines[0].length - 1);
  const { time, ...rest } = JSON.parse(lines[0]);
  assert.deepEqual(rest, { level: 'info', message: 'Queue declared', queue: 'a\nb', messages: '3' });
  assert.ok(!Number.isNaN(Date.parse(time)));
});

test('entries below the level are not written', () => {
  const { log, lines } = capture('warn');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](level);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).level),
    ['warn', 'error'],
  );
});

test('a derived log adds its fields to those of its parent, and an entry may override them', () => {
  const { log, lines } = capture('debug');
  log.with({ part: 'broker', client: 'a' }).with({ client: 'b' }).debug('Connected', { port: 1 });
  const { part, client, port } = JSON.parse(lines[0]);
  assert.deepEqual({ part, client, port }, { part: 'broker', client: 'b', port: 1 });
});

test('an error is written with its code and its causes', () => {
  const { log, lines } = capture('info');
  const cause = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  log.error('Commit failed', { error: new Error('Cannot write', { cause }) });
  assert.deepEqual(JSON.parse(lines[0]).error, {
    name: 'Error',
    message: 'Cannot write',
    cause: { name: 'Error', message: 'no space left', code: 'ENOSPC' },
  });
});

test('the silent log takes every entry', () => {
  silentLog.with({ a: 1 }).error('not written');
});

function capture(level: LogLevel) {
  const lines: string[] = [];
  return { log: createLog(level, (line) => void lines.push(line)), lines };
}
