import { deviceTopic } from '../../access/device-topics.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import { PacketType, type SubscribePacket, type SubscriptionRequest } from '../../mqtt/codec/packets.ts';
import { parseShared, topicFilterProblem } from '../../mqtt/topics/names.ts';
import { type Connection, reasonStringMax } from '../connection.ts';
import { checkFilterForm } from '../filter-form.ts';
import { isFull, openQueue, type SubscribeAnswer, tooMany } from '../open-queue.ts';
import type { Session, Subscription } from '../session.ts';
import type { SessionLog } from '../session-log.ts';

/**
 * Answers each filter with the QoS that it got or the reason why not. Queues may have to be asked for, so the SUBACK
 * can leave in a later turn; retained messages follow it.
 */
export function handleSubscribe(connection: Connection, packet: SubscribePacket): void | Promise<void> {
  const identifier = packet.properties?.subscriptionIdentifier;
  const identifiers = identifier === undefined ? undefined : [identifier];
  const { subscriptionsPerClientMax } = connection.context.limits;
  if (packet.subscriptions.length > subscriptionsPerClientMax) {
    throw new MalformedPacket(
      0x97,
      `Expected at most ${subscriptionsPerClientMax} filters in a SUBSCRIBE`,
      'section 4.13.2',
    );
  }
  for (const { filter } of packet.subscriptions) checkFilterForm(filter);
  const greeted: Subscription[] = [];
  const since = connection.context.clock.now();
  const answers = packet.subscriptions.map((request) => subscribeOne(connection, request, identifiers, greeted));
  const { session, context } = connection;
  if (!session.persistent && answers.every(isSettled)) {
    finish(connection, packet.packetId, answers, greeted, since);
    return;
  }
  return Promise.all(answers).then(async (settled) => {
    await rememberSubscriptions(session, context.sessionLog);
    finish(connection, packet.packetId, settled, greeted, since);
  });
}

function isSettled(answer: SubscribeAnswer | Promise<SubscribeAnswer>): answer is SubscribeAnswer {
  return 'reasonCode' in answer;
}

/** A kept session's subscriptions are on disk before they are acknowledged. */
async function rememberSubscriptions(session: Session, log: SessionLog): Promise<void> {
  if (!session.persistent) return;
  log.changed(session);
  await log.flushed();
}

function finish(
  connection: Connection,
  packetId: number,
  answers: readonly SubscribeAnswer[],
  greeted: readonly Subscription[],
  since: number,
): void {
  if (connection.phase !== 'connected') return;
  const codes = answers.map(({ reasonCode }) => reasonCode);
  // 3.1.1 knows one way to refuse [MQTT-3.9.3-2].
  const reasonCodes = connection.version === 5 ? codes : codes.map((code) => Math.min(code, 0x80));
  const reasons = answers.flatMap(({ reason }) => reason ?? []);
  const properties =
    connection.version === 5 && connection.problemInformation && reasons.length > 0
      ? { reasonString: reasons.join('; ').slice(0, reasonStringMax) }
      : undefined;
  connection.send({ type: PacketType.suback, packetId, reasonCodes, properties });
  for (const subscription of greeted) connection.greetings.start(subscription, since);
}

function subscribeOne(
  connection: Connection,
  asked: SubscriptionRequest,
  identifiers: readonly number[] | undefined,
  greeted: Subscription[],
): SubscribeAnswer | Promise<SubscribeAnswer> {
  const { context, session } = connection;
  const problem = topicFilterProblem(asked.filter);
  if (problem !== undefined) return { reasonCode: 0x8f, reason: problem };
  if (parseShared(asked.filter) !== undefined)
    return { reasonCode: 0x9e, reason: 'Shared subscriptions are not supported' };
  if (context.sources.some((source) => source.claims(asked.filter))) return openQueue(connection, asked, identifiers);
  const request = { ...asked, filter: deviceTopic(connection.identity, asked.filter) };
  if (!context.access.maySubscribe(connection.identity, session.clientId, request.filter)) {
    return { reasonCode: 0x87, reason: `Not allowed to subscribe to "${request.filter}"` };
  }
  const known = session.subscriptions.get(request.filter);
  if (known === undefined && isFull(connection)) return tooMany(connection);
  if (known !== undefined) context.router.unsubscribe(known);
  const subscription: Subscription = { ...request, session, identifiers };
  session.subscriptions.set(request.filter, subscription);
  context.router.subscribe(subscription);
  if (request.retainHandling === 0 || (request.retainHandling === 1 && known === undefined)) greeted.push(subscription);
  return { reasonCode: request.qos };
}
