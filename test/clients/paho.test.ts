import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startListeners, testAuthority } from './listeners.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/lib/python3/dist-packages/paho/mqtt/client.py', 'python3-paho-mqtt');
const script = fileURLToPath(new URL('./interop.py', import.meta.url));

const authority = testAuthority();
const started = startListeners(authority);
const device = authority.issue('device-7');

/** How it connects: the name of the listener, and what the script is told beside the port. */
const ways = [
  ['mqtt'],
  ['tls', 'tcp', authority.caFile],
  ['mutual', 'tcp', authority.caFile, device.certFile, device.keyFile],
  ['ws', 'websockets'],
  ['wss', 'websockets', authority.caFile],
] as const;

for (const [listener, ...way] of ways) {
  for (const version of ['4', '5']) {
    test(`Eclipse Paho for Python, listener ${listener}, version ${version}: QoS 0, 1, 2 and a queue`, {
      skip,
    }, async () => {
      const server = await started;
      const queue = `paho-${listener}-${version}`;
      const bindings = [{ filter: 'paho/jobs' }, { filter: `paho/jobs/${queue}` }];
      await server.api('POST', '/v1/queues', { name: queue, options: { bindings } });
      const { code, stdout, stderr } = await new Program('/usr/bin/python3', [
        script,
        String(server.listeners[listener]),
        version,
        queue,
        ...way,
      ]).ended;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /OK/);
    });
  }
}
