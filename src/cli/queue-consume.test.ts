import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serveDisk } from '../http/testing/served-disk.ts';
import { run } from './testing/fake-server.ts';

async function serveJobs(t: TestContext, ...payloads: readonly string[]) {
  const { call, base, engine } = await serveDisk(t);
  const messages = payloads.map((payload) => ({ topic: 'jobs/a', payload }));
  await call('POST', '/v1/queues/jobs/messages', { messages });
  const sluice = (...argv: string[]) => run(['queue', ...argv], { env: { SLUICE_URL: base } });
  const stats = () => engine.stats('jobs');
  return { sluice, stats, engine };
}

test('a message is leased, held for longer and acknowledged by its token, once', async (t) => {
  const { sluice, stats } = await serveJobs(t, 'one');
  const { out } = await sluice('lease', 'jobs', '--json');
  const [{ token }] = JSON.parse(out).messages;
  assert.match((await sluice('consumers', 'jobs')).out, /^http:anonymous@.* pull .* 1 /m);
  assert.equal((await sluice('extend', 'jobs', token, '--lease', '60')).out, 'Held for 60 seconds, from now.');
  assert.equal((await sluice('ack', 'jobs', token)).out, 'Acknowledged.');
  const again = await sluice('ack', 'jobs', token);
  assert.deepEqual([again.status, again.out], [1, 'The lease is over: somebody else has the message.']);
  assert.equal((await stats()).acknowledged, 1);
  assert.equal((await sluice('lease', 'jobs')).out, 'Nothing came.');
  await sluice('pause', 'jobs');
  assert.match((await sluice('lease', 'jobs')).out, /^Nothing came: the queue is paused/);
});

test('a leased message is given back as what is said', async (t) => {
  const { sluice, engine } = await serveJobs(t, 'one');
  const [{ token }] = JSON.parse((await sluice('lease', 'jobs', '--json')).out).messages;
  assert.equal((await sluice('nack', 'jobs', token, '--mode', 'released')).out, 'Given back as released.');
  const { out } = await sluice('lease', 'jobs');
  assert.match(out, /^1 +1 /m);
  const [, second] = /(\S+) +jobs\/a/.exec(out) ?? [];
  await sluice('nack', 'jobs', second, '--mode', 'rejected', '--reason', 'It is a poem');
  const [dead] = (await engine.browse('jobs.dead', { from: 0, limit: 1 })).messages;
  assert.equal(dead.death?.reason, 'It is a poem');
});

test('consume prints messages, takes as many as it is told, and leaves the rest uncounted', async (t) => {
  const { sluice, stats } = await serveJobs(t, 'one', 'two', 'three');
  const { status, out } = await sluice('consume', 'jobs', '--count', '2');
  assert.equal(status, 0);
  assert.equal(out, 'jobs/a [1, attempt 1] one\njobs/a [2, attempt 1] two');
  const { acknowledged, ready, failed } = await stats();
  assert.deepEqual([acknowledged, ready, failed], [2, 1, 0]);
});

test('consume runs a program for each message, whose exit status says what becomes of it', async (t) => {
  const { sluice, engine, stats } = await serveJobs(t, 'good', 'poem');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-consume-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'done');
  const program = `read -r line; test "$line" = poem && exit 65; echo "$SLUICE_TOPIC $SLUICE_SEQUENCE $line" >> '${file}'`;
  const { err } = await sluice('consume', 'jobs', '--count', '2', '--exec', program);
  assert.equal(err, 'jobs [2, attempt 1] The program ended with exit status 65');
  assert.equal(readFileSync(file, 'utf8'), 'jobs/a 1 good\n');
  assert.equal((await stats()).acknowledged, 1);
  const [dead] = (await engine.browse('jobs.dead', { from: 0, limit: 1 })).messages;
  assert.deepEqual(
    [dead.message.payload.toString(), dead.death?.reason],
    ['poem', 'The program ended with exit status 65'],
  );
});

test('consuming what is not there is refused with the reason', async (t) => {
  const { sluice } = await serveJobs(t);
  const { status, err } = await sluice('consume', 'none');
  assert.equal(status, 1);
  assert.match(err, /"none"/);
});
