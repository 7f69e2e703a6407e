import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drain, NumberedPublisher } from './clients/numbered-publisher.ts';
import { missing, Program } from './clients/program.ts';
import { type Server, startServer } from './server.ts';

const strace = '/usr/bin/strace';
const skip = missing(strace, 'strace');

/** The calls by which LMDB brings a commit to disk: pages are flushed, then the one that makes them count is written through. */
const failures = [
  { call: 'fdatasync', what: 'the flush of a commit', inject: 'fdatasync:error=EIO' },
  { call: 'pwrite64', what: 'the write of a commit', inject: 'pwrite64:error=EIO' },
] as const;

for (const { call, what, inject } of failures) {
  test(`where ${what} fails everybody is told, nobody is acknowledged, and nothing acknowledged is lost`, {
    skip,
  }, async (t) => {
    const server = await startServer(t);
    await server.api('POST', '/v1/queues', { name: 'work', options: { bindings: [{ filter: 'work/#' }] } });
    const publisher = new NumberedPublisher(server.mqttPort);
    await publisher.connected;
    await publisher.publish('work/a', 500, 256);
    assert.equal(publisher.acknowledged.length, 500);

    const tracer = await failing(server, call, inject);
    const overHttp = publishOverHttp(server);
    await publisher.publish('work/a', 500, 256);
    await publisher.closed;
    const [item] = await overHttp;
    assert.equal(await server.ended, 1);
    tracer.kill();
    assert.deepEqual([...new Set(publisher.refused.values())], [0x83]);
    assert.equal(item.code, 'storage_failed');
    assert.match(item.detail ?? '', /^Cannot store: .*; nothing is accepted until a restart$/);
    assert.match(await server.logged(/Ending: storage failed/), /Input\/output error/);

    await server.start();
    const { stats } = await server.api<{ stats: { ready: number } }>('GET', '/v1/queues/work');
    const came = await drain(server.mqttPort, 'work', stats.ready);
    assert.deepEqual(
      publisher.acknowledged.filter((number) => !came.has(number)),
      [],
    );
  });
}

/** Lets the call fail from now on, in every thread of the server. */
async function failing(server: Server, call: string, inject: string): Promise<Program> {
  const args = ['-f', '-p', String(server.pid), '-e', `trace=${call}`, '-e', `inject=${inject}`];
  const tracer = new Program(strace, args);
  await tracer.says('attached');
  return tracer;
}

interface ItemAnswer {
  readonly ok: boolean;
  readonly code?: string;
  readonly detail?: string;
}

async function publishOverHttp(server: Server): Promise<readonly ItemAnswer[]> {
  const messages = [{ topic: 'work/b', payload: 'over http' }];
  const { results } = await server.api<{ results: readonly ItemAnswer[] }>('POST', '/v1/messages', { messages });
  return results;
}
