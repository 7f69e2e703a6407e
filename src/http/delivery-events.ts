import { randomUUID } from 'node:crypto';
import { toSluiceError } from '../errors.ts';
import type { LeasedMessage } from '../queues/engine.ts';
import { type Caller, groupMakerOf } from './caller.ts';
import { callerNow } from './caller-now.ts';
import type { Presence } from './presence.ts';
import { itemProblem } from './problem.ts';
import { leasedToJson } from './queue-json.ts';
import { requireQueueRight } from './queue-rights.ts';
import type { RouteParts } from './route.ts';

/** Shorter than what proxies, and this server, call silence; as often it is looked at again who the caller is and what it may. */
const stepMs = 15_000;
/** Messages leased at a time, so that not many are held before the first is sent. */
const leaseMessagesMax = 32;

export interface DeliveryRequest {
  readonly queue: string;
  readonly credit: number;
  readonly leaseSeconds?: number;
  readonly group?: string;
}

type Parts = Pick<RouteParts, 'engine' | 'access' | 'directory' | 'longPolls' | 'clock' | 'log'>;

/**
 * The messages of a queue as server-sent events, for as long as the caller is there and may read them. Nothing is leased while the
 * reader does not take what is there, so that a slow one holds no more than what one lease brought. What is not settled in the end goes
 * back.
 */
export async function* deliveryEvents(
  parts: Parts,
  request: DeliveryRequest,
  caller: Caller,
  presence: Presence,
): AsyncGenerator<string> {
  const { clock, log } = parts;
  const stream = new DeliveryStream(parts, request, caller);
  presence.onLeft(() => void stream.end());
  try {
    // The reader hears that it may before the first message comes.
    yield ': open\n\n';
    while (!stream.ended) {
      await requireQueueRight(parts, 'consumer', await callerNow(parts, caller), request.queue);
      const leased = await stream.next();
      if (leased.length === 0 && !stream.ended) yield ': waiting\n\n';
      for (const each of leased) {
        // While the reader was slow the lease may have ended: then another has the message.
        if (each.leaseUntil > clock.now()) yield eventOf(each);
      }
    }
  } catch (problem) {
    log.info('A stream of deliveries ended', { queue: request.queue, caller: caller.clientId, problem });
    yield `event: end\ndata: ${JSON.stringify(itemProblem(toSluiceError(problem)))}\n\n`;
  } finally {
    await stream.end();
  }
}

/** One stream is one consumer, whatever else its connection asks for. */
class DeliveryStream {
  readonly #parts: Parts;
  readonly #request: DeliveryRequest;
  readonly #caller: Caller;
  readonly #consumerId = `stream:${randomUUID()}`;
  #ended = false;

  constructor(parts: Parts, request: DeliveryRequest, caller: Caller) {
    this.#caller = caller;
    this.#parts = parts;
    this.#request = request;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What comes within a step; nothing where nothing does, and where the stream ends. */
  async next(): Promise<readonly LeasedMessage[]> {
    const { engine, longPolls } = this.#parts;
    const { queue, credit, leaseSeconds, group } = this.#request;
    const request = {
      consumerId: this.#consumerId,
      groupMaker: groupMakerOf(this.#caller),
      max: Math.min(credit, leaseMessagesMax),
      heldMax: credit,
      waitMs: stepMs,
      ...(group === undefined ? {} : { group }),
      ...(leaseSeconds === undefined ? {} : { leaseMs: leaseSeconds * 1_000 }),
    };
    const leased = await longPolls.wait({
      client: this.#caller.clientId,
      start: () => engine.lease(queue, request),
      onLeft: () => undefined,
      late: () => void this.end(),
    });
    // The server stops.
    if (leased === undefined) this.#ended = true;
    return this.#ended ? [] : (leased ?? []);
  }

  async end(): Promise<void> {
    this.#ended = true;
    const { engine, log } = this.#parts;
    try {
      await engine.leave(this.#request.queue, this.#consumerId);
    } catch (problem) {
      // With the queue everything in it is gone.
      log.debug('A stream of deliveries had nothing to give back', { queue: this.#request.queue, problem });
    }
  }
}

function eventOf(leased: LeasedMessage): string {
  return `event: message\nid: ${leased.delivery.sequence}\ndata: ${JSON.stringify(leasedToJson(leased))}\n\n`;
}
