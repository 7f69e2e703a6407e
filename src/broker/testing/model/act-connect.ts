import type { QoS } from '../../../message.ts';
import { type ConnectPacket, PacketType, type ProtocolVersion } from '../../../mqtt/codec/packets.ts';
import type { Random } from '../../../std/testing/random.ts';
import { testLimits } from '../broker-fixture.ts';
import { sendAgain } from './act-publish.ts';
import type { ModelClient } from './model-client.ts';
import { type ReferenceLink, type ReferenceWill, windowOf } from './reference-session.ts';
import { type Scene, topics } from './scene.ts';

/** What a CONNECT says. */
interface Wish {
  readonly version: ProtocolVersion;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
  readonly will: ReferenceWill | undefined;
  readonly keepAlive: number;
  readonly receiveMaximum: number | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number | undefined;
}

/** Connects, by taking over where the client is connected. */
export async function connect(scene: Scene, client: ModelClient): Promise<void> {
  const { reference, world } = scene;
  const wish = randomWish(scene);
  const link = linkOf(wish, reference.now);
  scene.tell(client.clientId, 'connects', wish);
  const memory = world.fixture.open(wish.version);
  await memory.connect({ clientId: client.clientId, ...connectPacketOf(wish) });
  const expirySeconds = Math.min(wish.expirySeconds, testLimits.sessionExpirySecondsMax);
  const isPresent = reference.connect(client.clientId, link, wish.cleanStart, expirySeconds, wish.will);
  if (client.isConnected) {
    client.check(reference.sessions.get(client.clientId), reference.now);
    scene.gone(client);
  }
  client.opened(memory, link, isPresent, wish.topicAliasMaximum ?? 0);
  for (const [packetId, own] of client.own) sendAgain(scene, client, packetId, own);
}

/** Says DISCONNECT, some of MQTT 5 so that their will is published, some with another expiry. */
export function disconnect(scene: Scene, client: ModelClient): void {
  const { random, reference } = scene;
  const { link, session } = scene.of(client);
  const reasonCode = link.version === 5 && random.chance(30) ? 0x04 : 0;
  const mayChangeExpiry = link.version === 5 && session.expirySeconds > 0;
  const seconds = mayChangeExpiry && random.chance(30) ? random.pick([0, 20]) : undefined;
  scene.tell(client.clientId, 'disconnects', reasonCode, seconds);
  const properties = seconds === undefined ? undefined : { sessionExpiryInterval: seconds };
  client.send({ type: PacketType.disconnect, reasonCode, properties }, reference.now);
  link.hasEnded = true;
  session.expirySeconds = seconds ?? session.expirySeconds;
  reference.leave(session, reasonCode === 0x04);
}

function randomWish(scene: Scene): Wish {
  const { random } = scene;
  const cleanStart = random.chance(30);
  const will = random.chance(40) ? randomWill(scene) : undefined;
  const keepAlive = random.pick([0, 0, 20]);
  return random.chance(50)
    ? { version: 4, cleanStart, will: will && { ...will, delaySeconds: 0 }, keepAlive, ...wishOfVersion4(cleanStart) }
    : { version: 5, cleanStart, will, keepAlive, ...wishOfVersion5(random) };
}

/** 3.1.1 knows nothing of these. */
function wishOfVersion4(cleanStart: boolean) {
  const expirySeconds = cleanStart ? 0 : Number.POSITIVE_INFINITY;
  return { expirySeconds, receiveMaximum: undefined, maximumPacketSize: undefined, topicAliasMaximum: undefined };
}

function wishOfVersion5(random: Random) {
  return {
    expirySeconds: random.pick([0, 10, 100, 9_999]),
    receiveMaximum: random.pick([undefined, 1, 2, 5]),
    maximumPacketSize: random.chance(30) ? 60 : undefined,
    topicAliasMaximum: random.pick([undefined, 1, 3]),
  };
}

function randomWill(scene: Scene): ReferenceWill {
  const { random } = scene;
  return {
    topic: random.pick(topics),
    payload: `will ${scene.nextNumber()}`,
    qos: random.below(3) as QoS,
    retain: random.chance(20),
    delaySeconds: random.pick([0, 5, 50]),
  };
}

function linkOf({ version, receiveMaximum, maximumPacketSize, keepAlive }: Wish, now: number): ReferenceLink {
  return {
    version,
    window: windowOf(receiveMaximum),
    packetBytesMax: maximumPacketSize ?? Number.POSITIVE_INFINITY,
    silenceMsMax: keepAlive === 0 ? Number.POSITIVE_INFINITY : keepAlive * 1_500,
    lastSentAt: now,
    isStuck: false,
    atMostOnce: [],
    control: [],
    hasEnded: false,
  };
}

function connectPacketOf(wish: Wish): Partial<ConnectPacket> {
  const { version, cleanStart, keepAlive, will, expirySeconds } = wish;
  const { receiveMaximum, maximumPacketSize, topicAliasMaximum } = wish;
  return {
    cleanStart,
    keepAlive,
    will: will && {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      qos: will.qos,
      retain: will.retain,
      properties: will.delaySeconds > 0 ? { willDelayInterval: will.delaySeconds } : undefined,
    },
    properties:
      version === 5
        ? { sessionExpiryInterval: expirySeconds, receiveMaximum, maximumPacketSize, topicAliasMaximum }
        : undefined,
  };
}
