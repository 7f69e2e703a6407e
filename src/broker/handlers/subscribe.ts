import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import { PacketType, type SubscribePacket, type SubscriptionRequest } from '../../mqtt/codec/packets.ts';
import { isSharedFilter, matchedFilter, topicFilterProblem } from '../../mqtt/topics/names.ts';
import { type Connection, reasonStringMax } from '../connection.ts';
import { countReason } from '../counters.ts';
import { checkFilterForm, checkSharedForm } from '../filter-form.ts';
import { isFull, isTooLong, openQueue, type SubscribeAnswer, tooLong, tooMany } from '../open-queue.ts';
import { ownFilter } from '../own-filter.ts';
import { unservedProblem } from '../server-topics.ts';
import { lowerQos, type QueueRequest, type Subscription } from '../session.ts';

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
  for (const { filter } of packet.subscriptions) {
    checkFilterForm(filter);
    checkSharedForm(filter, connection.version);
  }
  if (packet.subscriptions.some(({ filter, noLocal }) => noLocal && isSharedFilter(filter))) {
    throw new MalformedPacket(0x82, 'Expected no No Local in a shared subscription', 'MQTT-3.8.3-4');
  }
  const greeted: Subscription[] = [];
  const since = connection.context.retained.nextPlace();
  const said = { identifiers, properties: packet.properties?.userProperties };
  const { qosMax } = connection.context.options;
  const answers = packet.subscriptions.map((request) => {
    const granted = { ...request, qos: lowerQos(request.qos, qosMax) };
    return subscribeOne(connection, granted, said, greeted);
  });
  if (answers.every(isSettled)) return remembered(connection, packet.packetId, answers, greeted, since);
  return Promise.all(answers).then((settled) => remembered(connection, packet.packetId, settled, greeted, since));
}

function isSettled(answer: SubscribeAnswer | Promise<SubscribeAnswer>): answer is SubscribeAnswer {
  return 'reasonCode' in answer;
}

/** A kept session's subscriptions are on disk before they are acknowledged. */
function remembered(
  connection: Connection,
  packetId: number,
  answers: readonly SubscribeAnswer[],
  greeted: readonly Subscription[],
  since: number,
): void | Promise<void> {
  // A queue may have taken its time: by now the session can have another connection, or have ended.
  if (connection.phase !== 'connected') return;
  const { session, context } = connection;
  if (!session.persistent) {
    finish(connection, packetId, answers, greeted, since);
    return;
  }
  context.sessionLog.changed(session);
  return context.sessionLog.flushed().then(() => finish(connection, packetId, answers, greeted, since));
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
  const { subscribesRefused } = connection.context.counters;
  for (const code of codes) if (code >= 0x80) countReason(subscribesRefused, code);
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
  { identifiers, properties }: Pick<QueueRequest, 'identifiers' | 'properties'>,
  greeted: Subscription[],
): SubscribeAnswer | Promise<SubscribeAnswer> {
  const { context, session } = connection;
  const problem =
    topicFilterProblem(asked.filter, context.limits.topicLevelsMax) ?? shareProblem(connection, asked.filter);
  if (problem !== undefined) return { reasonCode: 0x8f, reason: problem };
  if (context.sources.some((source) => source.claims(asked.filter)))
    return openQueue(connection, asked, identifiers, properties);
  const request = { ...asked, filter: ownFilter(connection.identity, asked.filter) };
  const filter = matchedFilter(request.filter);
  const unserved = unservedProblem(filter);
  if (unserved !== undefined) return { reasonCode: 0x8f, reason: unserved };
  if (!context.access.maySubscribe(connection.identity, session.clientId, filter)) {
    return { reasonCode: 0x87, reason: `Not allowed to subscribe to "${filter}"` };
  }
  const known = session.subscriptions.get(request.filter);
  if (known === undefined && isFull(connection)) return tooMany(connection);
  if (known === undefined && isTooLong(connection, request.filter.length)) return tooLong(connection);
  const subscription: Subscription = { ...request, session, identifiers };
  session.subscribe(subscription);
  if (known === undefined) context.router.subscribe(subscription);
  else context.router.replace(known, subscription);
  if (isGreeted(request, known !== undefined)) greeted.push(subscription);
  return { reasonCode: request.qos };
}

/** What of a valid filter cannot be shared: a queue, and what is shared already. */
function shareProblem({ context }: Connection, asked: string): string | undefined {
  if (!isSharedFilter(asked)) return undefined;
  const filter = matchedFilter(asked);
  if (context.sources.some((source) => source.claims(filter)))
    return `A queue shares its messages among its consumers by itself: subscribe to "${filter}"`;
  return isSharedFilter(filter) ? `A subscription is shared once: "${filter}" is shared already` : undefined;
}

/** Whether retained messages follow: never on a shared subscription (MQTT 5, section 4.8.2). */
function isGreeted({ filter, retainHandling }: SubscriptionRequest, isKnown: boolean): boolean {
  return !isSharedFilter(filter) && (retainHandling === 0 || (retainHandling === 1 && !isKnown));
}
