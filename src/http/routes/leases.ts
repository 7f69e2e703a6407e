import { acknowledged, released, type Settlement } from '../../message.ts';
import { groupMakerOf } from '../caller.ts';
import { pollLease } from '../lease-poll.ts';
import { checkText } from '../property-limits.ts';
import { leasedToJson } from '../queue-json.ts';
import { ok, type Route, route } from '../route.ts';
import {
  answer,
  array,
  flag,
  groupName,
  leasedMessage,
  leaseSeconds,
  object,
  queueName,
  text,
  tokenResults,
  tokens,
} from '../schemas.ts';

const tag = 'Queues';

const ownLease = "The queue's own where absent";

/** Messages of one lease. */
const leaseMessagesMax = 256;
/** Longest wait of a lease: proxies and clients commonly give up after 30 seconds. */
const waitSecondsMax = 20;

interface Named {
  readonly params: { readonly name: string };
}

interface Lease extends Named {
  readonly body: {
    readonly max: number;
    readonly waitSeconds: number;
    readonly leaseSeconds?: number;
    readonly group?: string;
  };
}

interface Tokens extends Named {
  readonly body: { readonly tokens: readonly string[] };
}

interface Nack extends Named {
  readonly body: {
    readonly tokens: readonly string[];
    readonly mode: 'failed' | 'released' | 'rejected';
    readonly code: string;
    readonly reason: string;
  };
}

interface Extend extends Named {
  readonly body: { readonly tokens: readonly string[]; readonly leaseSeconds?: number };
}

export const leaseRoutes: readonly Route[] = [
  route<Lease>({
    method: 'POST',
    path: '/v1/queues/{name}/lease',
    tag,
    summary: 'Take messages for a while, waiting for the first one where none is there',
    who: 'consumer',
    schemas: {
      params: queueName,
      body: object({
        max: { type: 'integer', minimum: 1, maximum: leaseMessagesMax, default: 1 },
        waitSeconds: { type: 'number', minimum: 0, maximum: waitSecondsMax, default: 0 },
        leaseSeconds: { ...leaseSeconds, description: ownLease },
        group: { ...groupName, description: 'Of a log: whose position is shared. It is made where there is none' },
      }),
      responses: {
        200: answer('What there is; nothing when nothing came', {
          messages: array(leasedMessage),
          paused: { ...flag, description: 'Beside no messages: the queue is paused, so that none came' },
        }),
      },
    },
    handle: async ({ params, body, caller, presence }, parts) => {
      const request = {
        consumerId: caller.consumerId,
        groupMaker: groupMakerOf(caller),
        max: body.max,
        waitMs: body.waitSeconds * 1_000,
        ...(body.group === undefined ? {} : { group: body.group }),
        ...(body.leaseSeconds === undefined ? {} : { leaseMs: body.leaseSeconds * 1_000 }),
      };
      const leased = await pollLease(parts, params.name, request, presence, caller.clientId);
      if (leased.length > 0) return ok({ messages: leased.map(leasedToJson) });
      const { paused } = (await parts.engine.info(params.name)).options;
      return ok({ messages: [], ...(paused ? { paused } : {}) });
    },
  }),
  route<Tokens>({
    method: 'POST',
    path: '/v1/queues/{name}/ack',
    tag,
    summary: 'Acknowledge leased messages: they leave the queue',
    who: 'consumer',
    schemas: { params: queueName, body: object({ tokens }, ['tokens']), responses: { 200: tokenResults } },
    handle: async ({ params, body }, { engine }) =>
      ok({ results: await engine.settle(params.name, body.tokens, acknowledged) }),
  }),
  route<Nack>({
    method: 'POST',
    path: '/v1/queues/{name}/nack',
    tag,
    summary:
      'Give leased messages back: failed counts an attempt, released does not, rejected goes to the dead letters',
    who: 'consumer',
    schemas: {
      params: queueName,
      body: object(
        {
          tokens,
          mode: { type: 'string', enum: ['failed', 'released', 'rejected'], default: 'failed' },
          code: { ...text, maxLength: 128, default: 'consumer_failed' },
          reason: { type: 'string', maxLength: 4_096, default: '' },
        },
        ['tokens'],
      ),
      responses: { 200: tokenResults },
    },
    handle: async ({ params, body }, { engine }) =>
      ok({ results: await engine.settle(params.name, body.tokens, settlementOf(body)) }),
  }),
  route<Extend>({
    method: 'POST',
    path: '/v1/queues/{name}/extend',
    tag,
    summary: 'Hold leased messages for longer, from now',
    who: 'consumer',
    schemas: {
      params: queueName,
      body: object({ tokens, leaseSeconds: { ...leaseSeconds, description: ownLease } }, ['tokens']),
      responses: { 200: tokenResults },
    },
    handle: async ({ params, body: { tokens, leaseSeconds: wanted } }, { engine }) =>
      ok({ results: await engine.extend(params.name, tokens, wanted === undefined ? undefined : wanted * 1_000) }),
  }),
];

function settlementOf({ mode, code, reason }: Nack['body']): Settlement {
  // In a dead letter they go to MQTT clients as user properties.
  checkText(code, 'code');
  checkText(reason, 'reason');
  return mode === 'released' ? released : { kind: mode, code, reason };
}
