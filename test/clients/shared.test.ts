import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { startServer } from '../server.ts';

const messages = 1_000;

test('four MQTT.js workers share a thousand messages; one is killed with some in its hands, and none is lost', async (t) => {
  const server = await startServer(t);
  const connected = async (): Promise<MqttClient> => {
    const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0 });
    client.on('error', () => undefined);
    t.after(() => client.endAsync(true));
    return client;
  };
  const processed = new Map<string, number[]>();
  const workers = await Promise.all([0, 1, 2, 3].map(connected));
  const victim = workers[3];
  const allProcessed = new Promise<void>((resolve) => {
    for (const [number, worker] of workers.entries()) {
      let taken = 0;
      worker.handleMessage = ({ payload }, done) => {
        // Not acknowledged, like everything that the broker sent to it meanwhile.
        if (worker === victim && ++taken > 50) {
          worker.stream.destroy();
          return;
        }
        const by = processed.get(payload.toString()) ?? [];
        processed.set(payload.toString(), [...by, number]);
        done();
        if (processed.size === messages) resolve();
      };
    }
  });
  for (const worker of workers) await worker.subscribeAsync('$share/workers/jobs/+', { qos: 1 });
  const publisher = await connected();
  await Promise.all(
    Array.from({ length: messages }, (_, i) => publisher.publishAsync(`jobs/${i % 7}`, `${i}`, { qos: 1 })),
  );
  await allProcessed;
  const shares = workers.map((_, number) => [...processed.values()].filter((by) => by.includes(number)).length);
  assert.equal(shares[3], 50);
  assert.ok(
    shares.slice(0, 3).every((share) => share > 100),
    `shares ${shares}`,
  );
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  assert.match(metrics, /sluice_broker_dropped_total\{reason="session_ended"\} 0/);
});
