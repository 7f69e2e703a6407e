import { deviceTopic } from '../../access/device-topics.ts';
import { errorCatalogue, SluiceError, toSluiceError } from '../../errors.ts';
import type { ConsumerSource } from '../../message.ts';
import { PacketType, type SubscribePacket, type SubscriptionRequest } from '../../mqtt/codec/packets.ts';
import { parseShared, topicFilterProblem } from '../../mqtt/topics/names.ts';
import type { Connection } from '../connection.ts';
import { QueueSubscription } from '../queue-subscription.ts';
import type { Session, Subscription } from '../session.ts';
import type { SessionLog } from '../session-log.ts';

/**
 * Answers each filter with the QoS that it got or the reason why not. Queues may have to be asked for, so the SUBACK
 * can leave in a later turn; retained messages follow it.
 */
export function handleSubscribe(connection: Connection, packet: SubscribePacket): void | Promise<void> {
  const identifier = packet.properties?.subscriptionIdentifier;
  const identifiers = identifier === undefined ? undefined : [identifier];
  const greeted: Subscription[] = [];
  const answers = packet.subscriptions.map((request) => subscribeOne(connection, request, identifiers, greeted));
  const { session, context } = connection;
  if (!session.persistent && answers.every((answer) => typeof answer === 'number')) {
    finish(connection, packet.packetId, answers, greeted);
    return;
  }
  return Promise.all(answers).then(async (codes) => {
    await rememberSubscriptions(session, context.sessionLog);
    finish(connection, packet.packetId, codes, greeted);
  });
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
  codes: readonly number[],
  greeted: readonly Subscription[],
): void {
  if (connection.phase !== 'connected') return;
  // 3.1.1 knows one way to refuse [MQTT-3.9.3-2].
  const reasonCodes = connection.version === 5 ? codes : codes.map((code) => Math.min(code, 0x80));
  connection.send({ type: PacketType.suback, packetId, reasonCodes, properties: undefined });
  for (const subscription of greeted) sendRetained(connection, subscription);
}

function subscribeOne(
  connection: Connection,
  asked: SubscriptionRequest,
  identifiers: readonly number[] | undefined,
  greeted: Subscription[],
): number | Promise<number> {
  const { context, session } = connection;
  if (topicFilterProblem(asked.filter) !== undefined) return 0x8f;
  if (parseShared(asked.filter) !== undefined) return 0x9e;
  if (context.sources.some((source) => source.claims(asked.filter))) return openQueue(connection, asked, identifiers);
  const request = { ...asked, filter: deviceTopic(connection.identity, asked.filter) };
  if (!context.access.maySubscribe(connection.identity, session.clientId, request.filter)) return 0x87;
  const known = session.subscriptions.get(request.filter);
  if (known === undefined && isFull(connection, session)) return 0x97;
  if (known !== undefined) context.router.unsubscribe(known);
  const subscription: Subscription = { ...request, session, identifiers };
  session.subscriptions.set(request.filter, subscription);
  context.router.subscribe(subscription);
  if (request.retainHandling === 0 || (request.retainHandling === 1 && known === undefined)) greeted.push(subscription);
  return request.qos;
}

function isFull(connection: Connection, session: Session): boolean {
  return session.subscriptions.size + session.queueRequests.size >= connection.context.limits.subscriptionsPerClientMax;
}

function sendRetained(connection: Connection, subscription: Subscription): void {
  for (const publication of connection.context.retained.match(subscription.filter)) {
    connection.context.deliverer.deliver(subscription, publication, true, false);
  }
}

/** Starts to consume a queue; the answer is the granted QoS or the reason code of the refusal. */
export async function openQueue(
  connection: Connection,
  request: SubscriptionRequest,
  identifiers: readonly number[] | undefined,
): Promise<number> {
  const { context, session } = connection;
  const source = context.sources.find((candidate) => candidate.claims(request.filter));
  if (source === undefined) return 0x8f;
  if (!session.queueRequests.has(request.filter) && isFull(connection, session)) return 0x97;
  try {
    await mayConsume(connection, source, request.filter);
    if (connection.phase !== 'connected') return 0x80;
    connection.queueSubscriptions.get(request.filter)?.stop();
    const subscription = new QueueSubscription(
      request.filter,
      session,
      request.qos,
      identifiers,
      context.deliverer,
      (ended, reason) => {
        connection.queueSubscriptions.delete(ended.filter);
        session.queueRequests.delete(ended.filter);
        if (session.persistent) context.sessionLog.changed(session);
        context.log.warn('Queue subscription ended', {
          client: session.clientId,
          filter: ended.filter,
          reason: reason.message,
        });
      },
    );
    connection.queueSubscriptions.set(request.filter, subscription);
    session.queueRequests.set(request.filter, { ...request, session, identifiers });
    subscription.attach(await source.consume(request.filter, subscription, connection.window));
    return request.qos;
  } catch (problem) {
    return refused(connection, request.filter, toSluiceError(problem));
  }
}

/** Nobody reads through a queue what they may not read directly. */
async function mayConsume(connection: Connection, source: ConsumerSource, filter: string): Promise<void> {
  const { context, session, identity } = connection;
  const { queue, filters } = await source.resolve(filter);
  for (const needed of [`$queue/${queue}`, ...filters]) {
    if (!context.access.maySubscribe(identity, session.clientId, needed)) {
      throw new SluiceError('not_authorized', `Cannot consume queue "${queue}": reading "${needed}" is not allowed`);
    }
  }
}

function refused(connection: Connection, filter: string, error: SluiceError): number {
  connection.queueSubscriptions.get(filter)?.stop();
  connection.queueSubscriptions.delete(filter);
  connection.session.queueRequests.delete(filter);
  connection.context.log.info('Subscription refused', {
    client: connection.session.clientId,
    filter,
    code: error.code,
    reason: error.message,
  });
  const reasonCode = errorCatalogue[error.code].mqtt;
  return subackReasonCodes.has(reasonCode) ? reasonCode : 0x80;
}

/** Reason codes above 0x7f that SUBACK may carry, MQTT 5 table 3-8. */
const subackReasonCodes = new Set([0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]);
