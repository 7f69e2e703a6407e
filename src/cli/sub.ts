import type { IClientSubscribeOptions, IPublishPacket, MqttClient } from 'mqtt';
import { choice, integer } from '../config/schema.ts';
import { topicFilterProblem } from '../mqtt/topics/names.ts';
import { command, UsageError } from './command.ts';
import { interruption } from './interruption.ts';
import { refusal, withMqtt } from './mqtt-client.ts';
import { many, mqttOptions, switchable, value, valueOr } from './options.ts';
import { withoutControls } from './table.ts';
import { userProperties, userPropertyText } from './user-properties.ts';

export const sub = command({
  name: 'sub',
  summary: 'Subscribes over MQTT 5 and prints what comes; of a queue ($queue/NAME) it takes the messages',
  operands: [{ name: 'FILTER', sentence: 'a topic filter, $queue/NAME, or $stream/NAME/GROUP' }],
  options: {
    qos: valueOr(choice('0', '1', '2'), '1', { short: 'q', placeholder: 'N', sentence: 'Highest quality of service.' }),
    count: value(integer(1), { short: 'n', placeholder: 'N', sentence: 'End after so many messages.' }),
    property: many(userPropertyText, {
      placeholder: 'NAME=VALUE',
      sentence: 'User property of the subscription, for example start=earliest of a group of a log.',
    }),
    json: switchable({ sentence: 'Print one JSON object a line.' }),
    ...mqttOptions,
  },
  async run({ options, operands: [filter], terminal }) {
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) throw new UsageError(problem);
    const receiveMaximum = Math.min(options.count ?? 65_535, 65_535);
    const interrupted = interruption();
    try {
      await withMqtt(options, { properties: { receiveMaximum } }, async (client) => {
        const received = receive(client, options.count ?? Number.POSITIVE_INFINITY, (packet) =>
          terminal.out(options.json ? asJson(packet) : asText(packet)),
        );
        await subscribe(client, filter, {
          qos: Number(options.qos) as 0 | 1 | 2,
          properties: options.property.length === 0 ? undefined : { userProperties: userProperties(options.property) },
        });
        await Promise.race([received, interrupted.promise]);
      });
    } finally {
      interrupted.forget();
    }
    return 0;
  },
});

/** Resolves when `count` messages were printed and acknowledged. What comes behind stays unacknowledged: it belongs to others. */
function receive(client: MqttClient, count: number, print: (packet: IPublishPacket) => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    client.handleMessage = (packet, done) => {
      if (left === 0) return;
      left--;
      print(packet);
      done();
      if (left === 0) resolve();
    };
  });
}

function subscribe(client: MqttClient, filter: string, options: IClientSubscribeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    client.subscribe(filter, options, (cause, _granted, answer) => {
      if (!cause) return resolve();
      reject(refusal('subscribe to', filter, cause, answer));
    });
  });
}

function asText(packet: IPublishPacket): string {
  const { 'sluice-seq': sequence, 'sluice-attempt': attempt } = userPropertiesOf(packet);
  const fromQueue = sequence === undefined ? '' : ` [${sequence}, attempt ${attempt}]`;
  return `${withoutControls(packet.topic)}${fromQueue} ${withoutControls(payloadOf(packet).text)}`;
}

function asJson(packet: IPublishPacket): string {
  const { text, encoding } = payloadOf(packet);
  const { topic, qos, retain } = packet;
  return JSON.stringify({ topic, payload: text, encoding, qos, retain, userProperties: userPropertiesOf(packet) });
}

function payloadOf(packet: IPublishPacket): { text: string; encoding: 'utf8' | 'base64' } {
  const bytes = Buffer.from(packet.payload);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes)
    ? { text, encoding: 'utf8' }
    : { text: bytes.toString('base64'), encoding: 'base64' };
}

function userPropertiesOf(packet: IPublishPacket): Readonly<Record<string, string | string[] | undefined>> {
  return packet.properties?.userProperties ?? {};
}
