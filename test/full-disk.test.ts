import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CuttableDisk, noCuttableDisk } from '../bench/kill/cuttable-disk.ts';
import { drain, NumberedPublisher } from './clients/numbered-publisher.ts';
import { Server } from './server.ts';

const skip = noCuttableDisk();
const mebibyte = 1 << 20;
const payloadBytes = 64 * 1024;
/** Of these, so many are sent at once. */
const window = 64;

test('below the reserve publishers are told 0x97 and disk_full, consumers go on, and what they remove makes room', {
  skip,
}, async (t) => {
  const { server, folder } = await onSmallDisk(t, 24 * mebibyte);
  const publisher = await untilRefused(server, 'work/a');
  assert.deepEqual([...new Set(publisher.refused.values())], [0x97]);
  const [item] = await publishOverHttp(server);
  assert.equal(item.code, 'disk_full');
  assert.match(item.detail, /^Cannot store: \d+ MiB are free for the data folder and 24 MiB are kept free/);
  assert.match(await (await fetch(`${server.httpUrl}/metrics`)).text(), /^sluice_disk_full 1$/m);
  // Others take half of what is reserved.
  writeFileSync(join(folder, 'others'), Buffer.alloc(12 * mebibyte));

  const came = await drain(server.mqttPort, 'work', publisher.acknowledged.length);
  assert.deepEqual(lost(publisher, came), []);
  await server.logged(/There is room on the disk again/);
  const again = new NumberedPublisher(server.mqttPort);
  await again.connected;
  await again.publish('work/a', window, payloadBytes);
  assert.equal(again.acknowledged.length, window);
  again.close();
});

test('where no reserve is kept the first commit that does not fit ends the server, which starts again when there is room', {
  skip,
}, async (t) => {
  const { server, folder } = await onSmallDisk(t, 0);
  fill(folder);
  const publisher = await untilRefused(server, 'work/a');
  assert.equal(await server.ended, 1);
  assert.deepEqual([...new Set(publisher.refused.values())], [0x83]);
  assert.match(await server.logged(/Ending: storage failed/), /No space left on device/);

  rmSync(join(folder, 'others'));
  await server.start();
  const { stats } = await server.api<{ stats: { ready: number } }>('GET', '/v1/queues/work');
  assert.deepEqual(lost(publisher, await drain(server.mqttPort, 'work', stats.ready)), []);
});

/** A server on a disk of 96 MiB, with the queue `work`. */
async function onSmallDisk(
  t: { after(hook: () => Promise<void>): void },
  freeBytesMin: number,
): Promise<{ readonly server: Server; readonly folder: string }> {
  const disk = new CuttableDisk(96 * mebibyte);
  const data = join(disk.folder, 'data');
  mkdirSync(data);
  const config = join(disk.folder, 'sluice.config.json');
  writeFileSync(config, JSON.stringify({ storage: { freeBytesMin } }));
  const server = new Server(data, ['--config', config], disk.folder);
  t.after(async () => {
    await server.stop('SIGKILL');
    disk.remove();
  });
  await server.start();
  await server.api('POST', '/v1/queues', { name: 'work', options: { bindings: [{ filter: 'work/#' }] } });
  return { server, folder: disk.folder };
}

async function untilRefused(server: Server, topic: string): Promise<NumberedPublisher> {
  const publisher = new NumberedPublisher(server.mqttPort);
  await publisher.connected;
  while (publisher.refused.size === 0) await publisher.publish(topic, window, payloadBytes);
  publisher.close();
  return publisher;
}

/** Other files on the disk grow until it takes no more. */
function fill(folder: string): void {
  for (let bytes = mebibyte; bytes >= 4096; ) {
    try {
      writeFileSync(join(folder, 'others'), Buffer.alloc(bytes), { flag: 'a' });
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== 'ENOSPC') throw problem;
      bytes /= 2;
    }
  }
}

function lost({ acknowledged }: NumberedPublisher, came: ReadonlySet<number>): readonly number[] {
  return acknowledged.filter((number) => !came.has(number));
}

async function publishOverHttp(server: Server): Promise<readonly { readonly code: string; readonly detail: string }[]> {
  const messages = [{ topic: 'work/b', payload: 'over http' }];
  const answer = await server.api<{ results: readonly { code: string; detail: string }[] }>('POST', '/v1/messages', {
    messages,
  });
  return answer.results;
}
