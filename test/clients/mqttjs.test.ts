import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, type TestContext, test } from 'node:test';
import { connect, connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { type Server, startServer } from '../server.ts';

/** For all tests: their topics, queues and kept sessions have names of their own. Some kill it, and start it again. */
const started = startServer({ after });

async function connected(t: TestContext, server: Server, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(server.mqttUrl, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}

async function nextMessage(client: MqttClient): Promise<{ topic: string; payload: string; packet: IPublishPacket }> {
  const [topic, payload, packet] = (await once(client as unknown as EventEmitter, 'message')) as [
    string,
    Buffer,
    IPublishPacket,
  ];
  return { topic, payload: payload.toString(), packet };
}

for (const protocolVersion of [4, 5] as const) {
  test(`MQTT.js, version ${protocolVersion}: QoS 0, 1, 2, retained, will`, async (t) => {
    const server = await started;
    const subscriber = await connected(t, server, { protocolVersion });
    const publisher = await connected(t, server, { protocolVersion });
    await subscriber.subscribeAsync('a/+', { qos: 2 });
    for (const qos of [0, 1, 2] as const) {
      const message = nextMessage(subscriber);
      await publisher.publishAsync(`a/${qos}`, `payload ${qos}`, { qos });
      const { topic, payload, packet } = await message;
      assert.deepEqual([topic, payload, packet.qos], [`a/${qos}`, `payload ${qos}`, qos]);
    }

    await publisher.publishAsync('kept', 'retained', { qos: 1, retain: true });
    const greeting = nextMessage(subscriber);
    await subscriber.subscribeAsync('kept');
    assert.equal((await greeting).packet.retain, true);

    const will = nextMessage(subscriber);
    await subscriber.subscribeAsync('will');
    const dying = await connected(t, server, {
      protocolVersion,
      will: { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false },
    });
    dying.stream.destroy();
    assert.equal((await will).payload, 'gone');
  });

  test(`MQTT.js, version ${protocolVersion}: a kept session gets what came while its client was away, also after a kill`, async (t) => {
    const server = await started;
    const options: IClientOptions = {
      protocolVersion,
      clientId: `keeper-${protocolVersion}`,
      clean: false,
      ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}),
    };
    const first = await connected(t, server, options);
    await first.subscribeAsync('news/#', { qos: 1 });
    await first.endAsync();
    const publisher = await connected(t, server, { protocolVersion });
    for (const payload of ['1', '2', '3']) await publisher.publishAsync('news/x', payload, { qos: 1 });
    publisher.on('error', () => undefined);
    await server.stop('SIGKILL');
    await server.start();
    const received: string[] = [];
    const second = await new Promise<MqttClient>((resolve, reject) => {
      const client = connect(server.mqttUrl, { reconnectPeriod: 0, ...options });
      client.on('error', reject);
      client.on('message', (_topic, payload) => {
        received.push(payload.toString());
        if (received.length === 3) resolve(client);
      });
    });
    t.after(() => second.endAsync(true));
    assert.deepEqual(received, ['1', '2', '3']);
  });
}

test('MQTT.js consumes a queue by its alias, and what it held goes to another when it dies', async (t) => {
  const server = await started;
  await server.api('POST', '/v1/queues', { name: 'jobs', options: { bindings: [{ filter: 'jobs/+' }] } });
  const publisher = await connected(t, server, { protocolVersion: 5 });
  await publisher.publishAsync('jobs/a', 'work', { qos: 1, properties: { userProperties: { own: 'yes' } } });
  const first = await connected(t, server, { protocolVersion: 5, manualConnect: false });
  first.handleMessage = () => undefined;
  const held = once(first as unknown as EventEmitter, 'packetreceive');
  await first.subscribeAsync('$q/jobs/+', { qos: 1 });
  await held;
  const second = await connected(t, server, { protocolVersion: 5 });
  await second.subscribeAsync('$queue/jobs', { qos: 1 });
  const message = nextMessage(second);
  first.stream.destroy();
  const { topic, payload, packet } = await message;
  assert.deepEqual([topic, payload], ['jobs/a', 'work']);
  assert.equal(packet.properties?.userProperties?.own, 'yes');
  assert.equal(packet.properties?.userProperties?.['sluice-queue'], 'jobs');
});

test('properties of MQTT 5 reach the subscriber unchanged', async (t) => {
  const server = await started;
  const client = await connected(t, server, { protocolVersion: 5 });
  await client.subscribeAsync('t');
  const message = nextMessage(client);
  await client.publishAsync('t', 'x', {
    properties: {
      contentType: 'text/plain',
      responseTopic: 'r',
      correlationData: Buffer.from('c'),
      payloadFormatIndicator: true,
      userProperties: { a: ['1', '2'] },
    },
  });
  const { properties } = (await message).packet;
  assert.equal(properties?.contentType, 'text/plain');
  assert.equal(properties?.responseTopic, 'r');
  assert.equal(properties?.correlationData?.toString(), 'c');
  assert.equal(properties?.payloadFormatIndicator, true);
  assert.deepEqual({ ...properties?.userProperties }, { a: ['1', '2'] });
});
