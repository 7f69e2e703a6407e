import { after, test } from 'node:test';
import {
  type PropertyPlace,
  type PropertyRow,
  type PropertyType,
  properties,
} from '../../src/mqtt/codec/properties.ts';
import { startServer } from '../server.ts';
import { VectorRun } from './vector-run.ts';

/** How a packet with these properties is written, and how the server takes it where they are fine. */
interface Place {
  readonly place: PropertyPlace;
  readonly clause: string;
  readonly packet: (properties: string) => string;
  readonly accepted: readonly string[];
}

const inConnect = (properties: string): string => `10['MQTT' 05 02 0000 [${properties}] 'a']`;
const inWill = (properties: string): string => `10['MQTT' 05 06 0000 [] 'a' [${properties}] 'gone' 'x']`;

const places: readonly Place[] = [
  { place: 'connect', clause: '3.1.2.11', packet: inConnect, accepted: ['connack 00 00', 'quiet'] },
  { place: 'will', clause: '3.1.3.2', packet: inWill, accepted: ['connack 00 00', 'quiet'] },
  afterConnect('publish', '3.3.2.3', (list) => `32['t' 0001 [${list}] |x|]`, ['expect 40 03 0001 10']),
  afterConnect('puback', '3.4.2.2', (list) => `40[0001 00 [${list}]]`, []),
  afterConnect('pubrec', '3.5.2.2', (list) => `50[0001 00 [${list}]]`, ['expect 62 02 0001']),
  afterConnect('pubrel', '3.6.2.2', (list) => `62[0001 00 [${list}]]`, ['expect 70 02 0001']),
  afterConnect('pubcomp', '3.7.2.2', (list) => `70[0001 00 [${list}]]`, []),
  afterConnect('subscribe', '3.8.2.1', (list) => `82[0001 [${list}] 't' 00]`, ['expect 90[0001 [] 00]']),
  afterConnect('unsubscribe', '3.10.2.1', (list) => `a2[0001 [${list}] 't']`, ['expect b0[0001 [] 11]']),
  { ...afterConnect('disconnect', '3.14.2.2', (list) => `e0[00 [${list}]]`, []), accepted: ['closed'] },
];

function afterConnect(
  place: PropertyPlace,
  clause: string,
  packet: Place['packet'],
  answers: readonly string[],
): Place {
  return { place, clause, packet, accepted: [...answers, 'quiet'] };
}

const values: Readonly<Record<PropertyType, string>> = {
  flag: '01',
  uint16: '0001',
  uint32: '00000000',
  variableByteInteger: '01',
  string: "'p'",
  topicName: "'p'",
  binary: "'p'",
  stringPair: "'p' 'q'",
};

/** Where a property asks for more than to be there. */
const particular: Readonly<Record<string, string>> = {
  maximumPacketSize: '00010000',
  // Without the method the data would be refused for that.
  authenticationMethod: "'none'",
};

/** Properties that the server answers in ways of their own, shown elsewhere. */
const shownElsewhere = new Set(['connect authenticationMethod', 'connect authenticationData']);

/** Every packet has a connection of its own, and nothing that one of them leaves is seen by another. */
const started = startServer({ after });

const unknown = ['00', '04', '05', '0a', '10', '14', '1b', '1d', '20', '2b', '7f', '8001', 'ff7f', 'ffffff7f'];

for (const place of places) {
  test(`properties of ${place.place} are taken where they belong, once and whole [section ${place.clause}]`, async (t) => {
    const server = await started;
    for (const row of new Set(properties)) {
      if (shownElsewhere.has(`${place.place} ${row.name}`) || isOtherRowOfTheSame(row, place.place)) continue;
      await t.test(row.name, async () => {
        for (const { list, code } of casesOf(place, row)) await run(server.mqttPort, place, list, code);
      });
    }
    await t.test('identifiers that nobody knows', async () => {
      for (const id of unknown) await run(server.mqttPort, place, `${id} 01`, '81');
    });
  });
}

interface Case {
  readonly list: string;
  /** Absent: it is taken. */
  readonly code?: string;
}

function casesOf(place: Place, row: PropertyRow): Case[] {
  const id = row.id.toString(16).padStart(2, '0');
  const whole = `${id} ${particular[row.name] ?? values[row.type]}`;
  const cut = { list: id, code: '81' };
  if (!row.places.includes(place.place)) return [{ list: whole, code: '81' }, cut];
  // Whether a client may send what only a server has to say is for the handlers: subscription identifiers in PUBLISH.
  if (row.name === 'subscriptionIdentifiers') return [{ list: whole, code: '82' }, cut];
  const twice = row.repeatable ? { list: `${whole} ${whole}` } : { list: `${whole} ${whole}`, code: '82' };
  return [{ list: whole }, twice, cut];
}

/** The subscription identifier has a row for SUBSCRIBE and one for PUBLISH. */
function isOtherRowOfTheSame(row: PropertyRow, place: PropertyPlace): boolean {
  return (
    row.id === 0x0b &&
    !row.places.includes(place) &&
    properties.some((other) => other.id === 0x0b && other.places.includes(place))
  );
}

async function run(port: number, place: Place, list: string, code: string | undefined): Promise<void> {
  const isConnect = place.place === 'connect' || place.place === 'will';
  const begin = isConnect ? 'open' : 'connect';
  const end =
    code === undefined ? place.accepted : isConnect ? [`expect 20 03 00 ${code} 00`, 'closed'] : [`refused ${code}`];
  const steps = [begin, `send ${place.packet(list)}`, ...end];
  await new VectorRun(port, 5).run({ name: '', clauses: [], versions: [5], steps });
}
