import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../server.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/lib/python3/dist-packages/paho/mqtt/client.py', 'python3-paho-mqtt');
const script = fileURLToPath(new URL('./interop.py', import.meta.url));

for (const version of ['4', '5']) {
  test(`Eclipse Paho for Python, version ${version}: QoS 0, 1, 2 and a queue`, { skip }, async (t) => {
    const server = await startServer(t);
    await server.api('POST', '/v1/queues', { name: 'paho', options: { bindings: [{ filter: 'paho/jobs' }] } });
    const { code, stdout, stderr } = await new Program('/usr/bin/python3', [
      script,
      String(server.mqttPort),
      version,
      'paho',
    ]).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /OK/);
  });
}
