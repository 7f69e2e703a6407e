import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import { Peer } from './peer.ts';

test('a peer that takes many packets listens for no more than the next one', async (t) => {
  const server = createServer((socket) => socket.on('data', () => socket.write(Buffer.from([0xd0, 0]))));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const warned: string[] = [];
  const hear = ({ name }: Error): void => void warned.push(name);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));
  const peer = new Peer((server.address() as AddressInfo).port);
  for (let packet = 0; packet < 20; packet++) {
    peer.send(Buffer.from([0xc0, 0]));
    await peer.packet();
  }
  peer.drop();
  assert.deepEqual(warned, []);
});
