import { thingsBoardTopics } from '../../access/thingsboard-topics.ts';
import { Claimant, claimBounds, claimUserName } from '../../broker/claims.ts';
import { headerForms } from '../../pipeline/device-message.ts';
import { structuredType } from '../../pipeline/forms/cloud-events.ts';
import { claimFields, claimFieldsNeeded } from '../../pipeline/provisioning/claim-fields.ts';
import { compressionNames } from '../../std/compression.ts';
import { code, table } from './markdown.ts';

/** Topics on which devices send readings, with an example that the pipeline must take, and the event type that it has. */
export const upwardTopics: readonly (readonly [topic: string, meaning: string, example: string, eventType: string])[] =
  [
    ['devices/{id}', 'The plain form', 'devices/meter-7', 'telemetry'],
    ['devices/{id}/telemetry', 'The same', 'devices/meter-7/telemetry', 'telemetry'],
    ['devices/{id}/events/{eventType}', 'Readings of another kind', 'devices/meter-7/events/door.open', 'door.open'],
  ];

/** What is published for devices and applications. */
const downwardTopics: readonly (readonly [topic: string, meaning: string])[] = [
  [
    'events/{deviceType}/{id}/{eventType}',
    'A reading that was stored and is news, as JSON; made only while somebody listens',
  ],
  [
    'events/{deviceType}/{id}/presence',
    'The device came or went: `data.online`, at `time`. Told once it is written, at most once a second for a device',
  ],
  ['stale/{deviceType}/{id}/{eventType}', 'A reading that was stored and is older than what was known'],
  [
    'devices/{id}/limits',
    'What the device may send, as JSON, under the names by which an answer names a limit: at once to whoever subscribes to topics of this one device, and when its type changes',
  ],
  [
    'devices/{id}/errors',
    'To the device, where it subscribes: the problem of a message that was rejected, as HTTP would answer it',
  ],
];

const claimant = new Claimant('{clientId}');
const claimTopics: readonly (readonly [topic: string, meaning: string])[] = [
  [
    claimant.requestTopic,
    `From the device, at QoS 0 or 1: JSON with ${claimFieldsNeeded.join(' and ')}, and as it needs ${namesBut(claimFieldsNeeded)}, as for ${code('POST /v1/claims')}`,
  ],
  [
    claimant.responseTopic,
    'To that device alone, which subscribes first: its id, type and credential, or the problem as HTTP would answer it',
  ],
];

function namesBut(needed: readonly string[]): string {
  return Object.keys(claimFields)
    .filter((name) => !needed.includes(name))
    .join(', ');
}

/** docs/reference/device-topics.md */
export function topicsPage(): string {
  const up = upwardTopics.map(([topic, meaning, , eventType]) => [
    code(topic),
    meaning,
    topic.includes('{eventType}') ? 'the last level' : code(eventType),
  ]);
  const adapters = Object.entries(thingsBoardTopics).map(([topic, meant]) => [code(topic), code(meant)]);
  const headers = Object.entries(headerForms).map(([name, { meaning, form }]) => [code(name), meaning, form]);
  return `${[
    introduction,
    '## From devices',
    table(['topic', 'what it is', 'event type'], up),
    '`me` stands for the own id of whoever is logged in as a device.',
    '## To devices and applications',
    table(
      ['topic', 'what it is'],
      downwardTopics.map(([topic, meaning]) => [code(topic), meaning]),
    ),
    '## Without credentials',
    `A device that registers itself by a claim key connects with the user name ${code(claimUserName)} and no password. Its connection may do this alone, and lasts ${claimBounds.connectionMsMax / 1000} s at most. The client id is 1 to 128 letters, digits, ${code('.')}, ${code('_')}, ${code(':')} or ${code('-')}.`,
    table(
      ['topic', 'what it is'],
      claimTopics.map(([topic, meaning]) => [code(topic), meaning]),
    ),
    '## What a message says of itself',
    'User properties of MQTT 5, and headers of the same names over HTTP. A device that can only send JSON says `messageId`, `ts` or `time`, and `seq` beside its values.',
    table(['name', 'meaning', 'form'], headers),
    `A payload may be compressed: ${code('content-encoding')} as a user property, or as the header of HTTP, names ${compressionNames}.`,
    '## Of other platforms',
    `CloudEvents 1.0: in structured mode with the content type ${code(structuredType)}, in binary mode with the attributes as user properties. The type is the event type where the topic names none, and id and source together are the message id.`,
    "ThingsBoard's device API, for firmware that exists; the user name is the device's token. A gateway sends an object with the payload of each device under its id; to connect and disconnect an object with the `device`, and with its `type` where nobody knows it: it is registered behind the gateway where `childTypes` of the gateway's type names that type.",
    table(['topic', 'the same as'], adapters),
  ].join('\n\n')}\n`;
}

const introduction = `# Topics of devices

A device id is 1 to 128 letters, digits, \`.\`, \`_\`, \`:\` or \`-\`; an event type is lower-case letters, digits, \`_\` and \`-\` with dots between. A device may
publish and subscribe below \`devices/{its own id}/\` and nowhere else, unless a rule says more.`;
