import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { createLog, silentLog } from '../../std/log.ts';
import type { DecodeRequest } from '../driver.ts';
import { WorkerDriverHost } from '../driver-host/host.ts';
import { DriverFolderWatch } from './driver-folder-watch.ts';

const answering = (n: number): string => `function decodeUplink() { return { data: { n: ${n} } } }`;

test('a file that changes under traffic: every message is read by the old driver or the new, and none fails', async (t) => {
  const { host, put, watch } = await scene(t);
  await put('meter', '1.0.0', answering(1));
  await watch.start();
  const seen: number[] = [];
  let changing = true;
  const traffic = (async () => {
    while (changing || seen.length === 0) {
      const ref = host.resolve('meter', undefined, 'd1');
      assert.ok(ref);
      for (const result of await host.decode(new Array(20).fill(request(ref)))) {
        assert.ok(result.ok, result.ok ? '' : result.reason);
        seen.push(Number(result.readings[0].data.n));
      }
    }
  })();
  for (let n = 2; n <= 6; n++) {
    await put('meter', '1.0.0', answering(n));
    await watch.look();
    assert.equal(await readBy(host), n);
  }
  changing = false;
  await traffic;
  assert.deepEqual(seen, seen.toSorted());
  assert.equal(host.drivers().filter(({ id }) => id === 'meter').length, 2);
});

test('a broken file keeps the last good driver, and is used once it is mended', async (t) => {
  const { host, put, watch, folder } = await scene(t);
  await put('meter', '1.0.0', answering(1));
  await watch.start();
  assert.equal(host.drivers().find(({ id }) => id === 'meter')?.folder, join(folder, 'meter'));
  await put('meter', '1.0.0', 'function decodeUplink( {');
  await watch.look();
  assert.equal(await readBy(host), 1);
  await writeFile(join(folder, 'meter', 'driver.json'), '{');
  await watch.look();
  assert.equal(await readBy(host), 1);
  await put('meter', '1.0.0', answering(2));
  await watch.look();
  assert.equal(await readBy(host), 2);
});

test('a version that goes down, and one that comes back, are used as they stand in the folder', async (t) => {
  const { host, put, watch } = await scene(t);
  await put('meter', '2.0.0', answering(1));
  await watch.start();
  await put('meter', '1.0.0', answering(2));
  await watch.look();
  assert.equal(await readBy(host), 2);
  await put('meter', '2.0.0', answering(1));
  await watch.look();
  assert.equal(await readBy(host), 1);
});

test('a driver whose folder is gone stays, and a folder that cannot be read ends nothing', async (t) => {
  const { host, put, watch, folder } = await scene(t);
  await put('meter', '1.0.0', answering(1));
  await watch.start();
  await rename(join(folder, 'meter'), join(folder, '..', `${Date.now()}-gone`));
  await watch.look();
  await rm(folder, { recursive: true });
  await watch.look();
  assert.equal(await readBy(host), 1);
});

test('a folder that cannot be read is logged once, and again when it was there in between', async (t) => {
  const lines: string[] = [];
  const { watch, folder } = await scene(
    t,
    createLog('warn', (line) => void lines.push(line)),
  );
  await rm(folder, { recursive: true });
  await watch.look();
  await watch.look();
  assert.equal(lines.length, 1);
  await mkdir(folder);
  await watch.look();
  await rm(folder, { recursive: true });
  await watch.look();
  assert.equal(lines.length, 2);
});

test('links that lead to a file, to nothing or in a circle keep no other driver from being loaded', async (t) => {
  const { host, put, watch, folder } = await scene(t);
  await writeFile(join(folder, '..', 'README.md'), 'Drivers');
  await symlink(join(folder, '..', 'README.md'), join(folder, 'a-file'));
  await symlink(join(folder, 'none'), join(folder, 'a-gap'));
  await symlink(join(folder, 'a-circle'), join(folder, 'a-circle'));
  await put('meter', '1.0.0', answering(1));
  await watch.start();
  assert.equal(await readBy(host), 1);
});

async function scene(t: TestContext, log = silentLog) {
  const parent = await mkdtemp(join(tmpdir(), 'sluice-drivers-'));
  const folder = join(parent, 'drivers');
  await mkdir(folder);
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  await host.start();
  const watch = new DriverFolderWatch({
    folder,
    files: ['driver.json', 'codec.js'],
    read: async (own) => ({
      ...JSON.parse(await readFile(join(own, 'driver.json'), 'utf8')),
      script: await readFile(join(own, 'codec.js'), 'utf8'),
    }),
    host,
    clock: new SimulatedClock(),
    log,
  });
  t.after(async () => {
    await watch.stop();
    await host.stop();
    await rm(parent, { recursive: true });
  });
  /** Each file is replaced as editors do it. */
  const put = async (id: string, version: string, script: string): Promise<void> => {
    await mkdir(join(folder, id), { recursive: true });
    const replace = async (name: string, text: string): Promise<void> => {
      await writeFile(join(parent, 'new'), text);
      await rename(join(parent, 'new'), join(folder, id, name));
    };
    await replace('driver.json', JSON.stringify({ id, version, deviceType: 'meter', firmware: '*' }));
    await replace('codec.js', script);
  };
  return { host, watch, folder, put };
}

async function readBy(host: WorkerDriverHost): Promise<unknown> {
  const ref = host.resolve('meter', undefined, 'd1');
  assert.ok(ref);
  const [result] = await host.decode([request(ref)]);
  return result.ok ? result.readings[0].data.n : result.reason;
}

function request(driver: DecodeRequest['driver']): DecodeRequest {
  return {
    driver,
    bytes: Buffer.from([0]),
    fPort: 1,
    receivedAt: 0,
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd1', type: 'meter', firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  };
}
