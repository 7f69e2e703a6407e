import { createInterface } from 'node:readline';
import type { IClientPublishOptions, MqttClient } from 'mqtt';
import { choice, text } from '../config/schema.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import { command, type Terminal, UsageError } from './command.ts';
import { readInput } from './input-file.ts';
import { refusal, withMqtt } from './mqtt-client.ts';
import { many, mqttOptions, switchable, value, valueOr } from './options.ts';
import { userProperties, userPropertyText } from './user-properties.ts';

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
    property: many(userPropertyText, {
      placeholder: 'NAME=VALUE',
      sentence: 'User property.',
    }),
    ...mqttOptions,
  },
  async run({ options, operands: [topic], terminal }) {
    const problem = topicNameProblem(topic);
    if (problem !== undefined) throw new UsageError(problem);
    let acknowledged = 0;
    const stopReading = new AbortController();
    const payloads = payloadSource(options, terminal, stopReading.signal);
    const publishOptions: IClientPublishOptions = {
      qos: Number(options.qos) as 0 | 1 | 2,
      retain: options.retain,
      properties: options.property.length === 0 ? undefined : { userProperties: userProperties(options.property) },
    };
    try {
      await withMqtt(options, {}, (client) =>
        publishAll(client, topic, payloads, publishOptions, () => acknowledged++),
      );
    } catch (problem) {
      if (options.stdin)
        terminal.err(
          `Of the lines ${acknowledged} are acknowledged; up to ${inflightMax} behind them may have arrived.`,
        );
      throw problem;
    } finally {
      stopReading.abort();
    }
    return 0;
  },
});

interface Source {
  readonly message: string | undefined;
  readonly file: string | undefined;
  readonly stdin: boolean;
}

function payloadSource(
  { message, file, stdin }: Source,
  terminal: Terminal,
  stop: AbortSignal,
): AsyncIterable<string | Buffer> {
  const given = [message !== undefined, file !== undefined, stdin].filter(Boolean).length;
  if (given !== 1) throw new UsageError(`Give one of --message, --file and --stdin: met ${given} of them`);
  if (stdin) return linesOf(terminal.stdin, stop);
  return single(file === undefined ? async () => message as string : () => readInput(terminal, file));
}

/** Reads from when the first line is asked for: an interface that is made earlier loses what comes before. */
async function* linesOf(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncIterable<string> {
  yield* createInterface({ input, signal });
}

async function* single(payload: () => Promise<string | Buffer>): AsyncIterable<string | Buffer> {
  yield await payload();
}

/** Rejects at the first refusal, even while the next line of standard input is waited for. */
async function publishAll(
  client: MqttClient,
  topic: string,
  payloads: AsyncIterable<string | Buffer>,
  options: IClientPublishOptions,
  onAcknowledged: () => void,
): Promise<void> {
  const refused = Promise.withResolvers<never>();
  const publishEach = async (): Promise<void> => {
    const inflight = new Set<Promise<void>>();
    for await (const payload of payloads) {
      const published = publish(client, topic, payload, options)
        .then(onAcknowledged, refused.reject)
        .finally(() => inflight.delete(published));
      inflight.add(published);
      if (inflight.size >= inflightMax) await Promise.race(inflight);
    }
    await Promise.all(inflight);
  };
  await Promise.race([refused.promise, publishEach()]);
}

function publish(
  client: MqttClient,
  topic: string,
  payload: string | Buffer,
  options: IClientPublishOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.publish(topic, payload, options, (cause, answer) => {
      if (!cause) return resolve();
      reject(refusal('publish to', topic, cause, answer));
    });
  });
}
