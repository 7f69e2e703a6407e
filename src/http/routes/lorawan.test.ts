import assert from 'node:assert/strict';
import { test } from 'node:test';
import { theThingsStackUplink } from '../../pipeline/testing/network-events.ts';
import { basic, serve } from '../testing/served.ts';

const rules = (filter: string) => [{ action: 'publish', filter }] as const;
const user = (name: string, filter: string) => ({ name, password: 'secret', admin: false, rules: [...rules(filter)] });

test('who may not send for a device of a network server is not told by which of its names it is registered', async (t) => {
  const users = [user('none', 'other'), user('both', 'devices/#'), user('one', 'devices/probe-1/#')];
  const { call, pipeline, store } = await serve(t, { users, anonymous: 'never' });
  const send = async (name: string) => {
    const { status, body } = await call(
      'POST',
      '/v1/lorawan/events',
      theThingsStackUplink(Buffer.from([1])),
      basic(name, 'secret'),
    );
    return { status, detail: body.detail };
  };
  const before = await send('none');
  assert.equal(before.status, 403);
  const device = { type: 'probe', firmwareVersion: undefined, attributes: {}, retired: false, createdAt: 0 };
  store.known.set('70B3D57ED0000001', { ...device, id: '70B3D57ED0000001' });
  assert.deepEqual(await send('none'), before);
  await send('one');
  await send('both');
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ deviceId }) => deviceId),
    ['probe-1', '70B3D57ED0000001'],
  );
});
