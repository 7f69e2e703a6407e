import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { IClientPublishOptions, MqttClient } from 'mqtt';
import { choice, text } from '../config/schema.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import { command, type Terminal, UsageError } from './command.ts';
import { connectMqtt, lost } from './mqtt-client.ts';
import { many, mqttOptions, switchable, value, valueOr } from './options.ts';

/** Lines that are on their way unacknowledged. */
const inflightMax = 100;

export const pub = command({
  name: 'pub',
  summary: 'Publishes messages over MQTT 5 and waits until they are acknowledged',
  operands: [{ name: 'TOPIC', sentence: 'the topic to publish to' }],
  options: {
    message: value(text(), { short: 'm', placeholder: 'TEXT', sentence: 'Payload.' }),
    file: value(text(), { short: 'f', placeholder: 'FILE', sentence: 'Payload from a file, byte for byte.' }),
    stdin: switchable({ sentence: 'One message for each line of standard input.' }),
    qos: valueOr(choice('0', '1', '2'), '1', { short: 'q', placeholder: 'N', sentence: 'Quality of service.' }),
    retain: switchable({ short: 'r', sentence: 'Keep as the retained message of the topic.' }),
    property: many(text({ pattern: /^[^=]+=/, expected: 'NAME=VALUE' }), {
      placeholder: 'NAME=VALUE',
      sentence: 'User property.',
    }),
    ...mqttOptions,
  },
  async run({ options, operands: [topic], terminal }) {
    const problem = topicNameProblem(topic);
    if (problem !== undefined) throw new UsageError(problem);
    const payloads = payloadSource(options, terminal);
    const client = await connectMqtt(options);
    let ended = false;
    const publishOptions: IClientPublishOptions = {
      qos: Number(options.qos) as 0 | 1 | 2,
      retain: options.retain,
      properties: options.property.length === 0 ? undefined : { userProperties: userProperties(options.property) },
    };
    try {
      await Promise.race([publishAll(client, topic, payloads, publishOptions), lost(client, () => ended)]);
    } finally {
      ended = true;
      await client.endAsync();
    }
    return 0;
  },
});

interface Source {
  readonly message: string | undefined;
  readonly file: string | undefined;
  readonly stdin: boolean;
}

function payloadSource({ message, file, stdin }: Source, terminal: Terminal): AsyncIterable<string | Buffer> {
  const given = [message !== undefined, file !== undefined, stdin].filter(Boolean).length;
  if (given !== 1) throw new UsageError(`Give one of --message, --file and --stdin: met ${given} of them`);
  if (stdin) return linesOf(terminal.stdin);
  return single(file === undefined ? Promise.resolve(message as string) : readFile(resolve(terminal.cwd, file)));
}

/** Reads from when the first line is asked for: an interface that is made earlier loses what comes before. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncIterable<string> {
  yield* createInterface({ input });
}

async function* single(payload: Promise<string | Buffer>): AsyncIterable<string | Buffer> {
  yield await payload;
}

async function publishAll(
  client: MqttClient,
  topic: string,
  payloads: AsyncIterable<string | Buffer>,
  options: IClientPublishOptions,
): Promise<void> {
  const inflight = new Set<Promise<unknown>>();
  for await (const payload of payloads) {
    const published = client.publishAsync(topic, payload, options).finally(() => inflight.delete(published));
    inflight.add(published);
    if (inflight.size >= inflightMax) await Promise.race(inflight);
  }
  await Promise.all(inflight);
}

function userProperties(given: readonly string[]): Record<string, string[]> {
  const properties: Record<string, string[]> = {};
  for (const each of given) {
    const name = each.slice(0, each.indexOf('='));
    properties[name] = [...(properties[name] ?? []), each.slice(name.length + 1)];
  }
  return properties;
}
