import { errorCatalogue, SluiceError, toSluiceError, withRemedy } from '../errors.ts';
import type { ConsumerSource, Credit, UserProperty } from '../message.ts';
import type { SubscriptionRequest } from '../mqtt/codec/packets.ts';
import type { Connection } from './connection.ts';
import { needsOf } from './consuming-needs.ts';
import { filterCharactersMax } from './limits.ts';
import { QueueSubscription } from './queue-subscription.ts';
import { charactersOf, type QueueRequest } from './session.ts';

/** What SUBACK says of one filter: the granted QoS, or the reason code and the reason of the refusal. */
export interface SubscribeAnswer {
  readonly reasonCode: number;
  readonly reason?: string;
}

/** Starts to consume a queue. */
export async function openQueue(
  connection: Connection,
  request: SubscriptionRequest,
  identifiers: readonly number[] | undefined,
  properties: readonly UserProperty[] | undefined,
): Promise<SubscribeAnswer> {
  const { context, session } = connection;
  const source = context.sources.find((candidate) => candidate.claims(request.filter));
  if (source === undefined) return { reasonCode: 0x8f, reason: `"${request.filter}" names no queue` };
  if (!session.queueRequests.has(request.filter) && isFull(connection)) return tooMany(connection);
  const characters = charactersOf({ filter: request.filter, properties });
  if (characters - request.filter.length > propertiesCharactersMax) return tooMuchSaid();
  const known = session.queueRequests.get(request.filter);
  if (isTooLong(connection, characters - (known === undefined ? 0 : charactersOf(known)))) return tooLong(connection);
  connection.queueSubscriptions.get(request.filter)?.stop();
  const subscription = new QueueSubscription(
    request.filter,
    session,
    request.qos,
    identifiers,
    context.deliverer,
    (ended, reason) => closed(connection, ended, reason),
  );
  // Known from now on, so that an UNSUBSCRIBE that follows at once finds it.
  connection.queueSubscriptions.set(request.filter, subscription);
  session.keepQueueRequest({ ...request, session, identifiers, properties });
  try {
    await mayConsume(connection, source, request.filter);
    if (!subscription.stopped) await consume(connection, source, subscription, properties);
    return subscription.stopped ? unsubscribedMeanwhile : { reasonCode: request.qos };
  } catch (problem) {
    if (subscription.stopped) return unsubscribedMeanwhile;
    return refused(connection, subscription, toSluiceError(problem));
  }
}

const unsubscribedMeanwhile: SubscribeAnswer = { reasonCode: 0x80, reason: 'Unsubscribed meanwhile' };

/** A kept session goes on consuming the queues that it had subscribed to, or its client hears why not: once, of how many ever. */
export async function reopenQueues(connection: Connection): Promise<void> {
  const { session } = connection;
  const requests = [...session.queueRequests.values()];
  const refusals = await Promise.all(requests.map((request) => reopenQueue(connection, request)));
  const refusal = refusals.find((met) => met !== undefined);
  if (refusal === undefined || session.link !== connection) return;
  connection.disconnect(refusal.reasonCode === notAuthorized ? notAuthorized : administrativeAction, refusal.reason);
}

async function reopenQueue(
  connection: Connection,
  request: QueueRequest,
): Promise<Required<SubscribeAnswer> | undefined> {
  const { context, session } = connection;
  const { filter } = request;
  const answer = await openQueue(connection, request, request.identifiers, request.properties);
  const { reasonCode } = answer;
  // Or the client said meanwhile what it wants.
  if (reasonCode < 0x80 || answer === unsubscribedMeanwhile || session.link !== connection) return undefined;
  session.forgetQueueRequest(filter);
  context.sessionLog.changed(session);
  const client = session.clientId;
  const reason = endedSentence(filter, answer.reason);
  context.log.warn('Queue subscription of a kept session ended', { client, filter, reasonCode, reason });
  return { reasonCode, reason };
}

/** What feeds the queue, and who the client is, can have changed before there was something to watch. */
async function consume(
  connection: Connection,
  source: ConsumerSource,
  subscription: QueueSubscription,
  properties: readonly UserProperty[] | undefined,
): Promise<void> {
  const share = shareOf(connection);
  const request = properties === undefined ? share : { ...share, properties };
  subscription.attach(await source.consume(subscription.filter, subscription, request), share);
  subscription.needs = await mayConsume(connection, source, subscription.filter);
  shareWindow(connection);
}

/** Ends a subscription to a queue: what it held goes back, and its share of the window to the others. False where there is none. */
export function closeQueue(connection: Connection, filter: string): boolean {
  const subscription = connection.queueSubscriptions.get(filter);
  if (subscription === undefined) return false;
  forget(connection, subscription);
  return true;
}

/** Of a SUBSCRIBE to a queue: its user properties are kept as long as the session. In characters. */
const propertiesCharactersMax = 4_096;

function tooMuchSaid(): SubscribeAnswer {
  return {
    reasonCode: 0x97,
    reason: `The user properties have more than ${propertiesCharactersMax} characters together, the most for a queue`,
  };
}

/**
 * The client's window is one for all its queues: what is leased to it can be sent, and does not wait until the lease is over. What
 * may be large besides is bounded as all that waits in one session.
 */
function shareOf({ window, queueSubscriptions, context }: Connection): Credit {
  const queues = Math.max(1, queueSubscriptions.size);
  return {
    credit: Math.max(1, Math.floor(window / queues)),
    creditBytes: Math.max(1, Math.floor(context.limits.sessionBytesMax / queues)),
  };
}

function shareWindow(connection: Connection): void {
  const share = shareOf(connection);
  for (const subscription of connection.queueSubscriptions.values()) subscription.setCredit(share);
}

/**
 * The queue, or the group of a log, was removed. MQTT has no way to say that one subscription ended, so the connection does. What its
 * session asked for stays: a queue of that name may be there when it is taken up again.
 */
function closed(connection: Connection, { filter }: QueueSubscription, reason: SluiceError): void {
  // The server stops, which is said to everybody in its own words.
  if (reason.code === 'unavailable') return;
  connection.context.log.warn('Queue subscription ended', {
    client: connection.session.clientId,
    filter,
    reason: reason.message,
  });
  connection.disconnect(administrativeAction, endedSentence(filter, reason.message));
}

const notAuthorized = 0x87;
const administrativeAction = 0x98;

function endedSentence(filter: string, reason: string | undefined): string {
  return `Consuming "${filter}" has ended: ${reason}`;
}

function forget(connection: Connection, subscription: QueueSubscription): void {
  const { session, context, queueSubscriptions } = connection;
  subscription.stop();
  if (queueSubscriptions.get(subscription.filter) !== subscription) return;
  queueSubscriptions.delete(subscription.filter);
  session.forgetQueueRequest(subscription.filter);
  context.sessionLog.changed(session);
  shareWindow(connection);
}

/** Nobody reads through a queue what they may not read directly. Answers the filters that the client needs the right to. */
async function mayConsume(connection: Connection, source: ConsumerSource, filter: string): Promise<readonly string[]> {
  const { queue, needs } = await needsOf(source, filter);
  // Who it is now: that may have changed meanwhile.
  const { context, session, identity } = connection;
  for (const needed of needs) {
    if (!context.access.maySubscribe(identity, session.clientId, needed)) {
      throw new SluiceError('not_authorized', `Cannot consume queue "${queue}": reading "${needed}" is not allowed`);
    }
  }
  return needs;
}

function refused(connection: Connection, subscription: QueueSubscription, error: SluiceError): SubscribeAnswer {
  forget(connection, subscription);
  connection.context.log.info('Subscription refused', {
    client: connection.session.clientId,
    filter: subscription.filter,
    code: error.code,
    reason: error.message,
  });
  const reasonCode = errorCatalogue[error.code].mqtt;
  const { access } = connection.context;
  const { message } = access.mayAdminister(connection.identity) ? withRemedy(error) : error;
  return { reasonCode: subackReasonCodes.has(reasonCode) ? reasonCode : 0x80, reason: message };
}

/** Reason codes above 0x7f that SUBACK may carry, MQTT 5 table 3-8. */
const subackReasonCodes = new Set([0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]);

export function isFull({ session, context }: Connection): boolean {
  return session.subscriptions.size + session.queueRequests.size >= context.limits.subscriptionsPerClientMax;
}

export function tooMany({ context }: Connection): SubscribeAnswer {
  const { subscriptionsPerClientMax } = context.limits;
  return {
    reasonCode: 0x97,
    reason: `The client has ${subscriptionsPerClientMax} subscriptions, the most it may have`,
  };
}

/** A session is one row, and in memory as long as it is kept: a thousand filters of 64 KiB would be neither quick nor small. */
export function isTooLong({ session, context }: Connection, characters: number): boolean {
  return characters > 0 && session.filterCharacters + characters > filterCharactersMax(context.limits);
}

export function tooLong({ context }: Connection): SubscribeAnswer {
  return {
    reasonCode: 0x97,
    reason: `The client's filters, with what it says of its queues, would have more than ${filterCharactersMax(context.limits)} characters together, the most they may have`,
  };
}
