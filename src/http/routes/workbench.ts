import { SluiceError } from '../../errors.ts';
import { parseDeviceTopic } from '../../pipeline/device-topic.ts';
import type { DriverRef } from '../../pipeline/driver.ts';
import type { MessageMatch } from '../../queues/engine.ts';
import { compileFilter } from '../../queues/move-filter.ts';
import { tryDeadLetters } from '../dead-letter-trial.ts';
import { hexDump } from '../hex-dump.ts';
import type { PipelineDoor } from '../pipeline-door.ts';
import { storedToJson } from '../queue-json.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, integer, object, text } from '../schemas.ts';
import { counted, orNone, queue, rehearsalSchema } from './dead-letters.ts';

const tag = 'Dead letters';

interface Inspect {
  readonly params: { readonly sequence: number };
  readonly query: { readonly queue: string; readonly driver?: string; readonly version?: string };
}

interface Try {
  readonly body: {
    readonly queue: string;
    readonly fingerprint?: string;
    readonly deviceType?: string;
    readonly driver?: DriverRef;
    readonly limit: number;
  };
}

/** Payload bytes that are shown one by one. */
const hexBytesMax = 16 * 1024;
const triedMax = 100_000;

const died = { type: 'object', properties: { code: text, reason: text } };

/** Looking closely at dead letters, those of the pipeline if no other queue is named, and trying them with another driver, before anything moves. */
export const workbenchRoutes: readonly Route[] = [
  route<Inspect>({
    method: 'GET',
    path: '/v1/dead-letters/messages/{sequence}',
    tag,
    summary: 'One dead letter, byte by byte, beside what a driver makes of it now where it is a message of a device',
    who: 'admin',
    schemas: {
      params: object({ sequence: integer }, ['sequence']),
      query: object({ queue, driver: text, version: text }),
      responses: {
        200: answer('The message', {
          message: { type: 'object' },
          bytes: integer,
          hex: array({
            type: 'object',
            properties: { offset: integer, hex: { type: 'string' }, text: { type: 'string' } },
          }),
          now: rehearsalSchema,
        }),
      },
    },
    handle: async ({ params: { sequence }, query }, { engine, pipeline }) => {
      const page = await orNone(engine, query.queue, nothing, () =>
        engine.browse(query.queue, { from: sequence, limit: 1 }),
      );
      const [stored] = page.messages;
      if (stored?.sequence !== sequence) throw notThere(query.queue, sequence);
      const isOfDevice = parseDeviceTopic(stored.message.topic) !== undefined;
      const [now] = isOfDevice ? await pipeline.rehearsals.run([stored], driverOf(query)) : [];
      const { payload } = stored.message;
      return ok({
        message: storedToJson(stored),
        bytes: payload.length,
        hex: hexDump(payload.subarray(0, hexBytesMax)),
        now,
      });
    },
  }),
  route<Try>({
    method: 'POST',
    path: '/v1/dead-letters/trials',
    tag,
    summary: 'Try dead letters of devices with the drivers of now, or with this one: nothing changes',
    who: 'admin',
    schemas: {
      body: object({
        queue,
        fingerprint: text,
        deviceType: {
          ...entityName,
          description:
            'Only of devices of this type; with `driver` and without `fingerprint` the type that the driver is for',
        },
        driver: object({ id: text, version: text }, ['id', 'version']),
        limit: { ...integer, minimum: 1, maximum: triedMax, default: 1_000 },
      }),
      responses: {
        200: answer('What would become of them; `next` where some were not looked at', {
          tried: integer,
          deviceType: { ...entityName, description: 'Where only those of one type were tried' },
          outcomes: { type: 'object', additionalProperties: integer },
          samples: array({
            type: 'object',
            description: 'One of each kind',
            properties: { died, now: rehearsalSchema },
          }),
          next: integer,
        }),
      },
    },
    handle: async ({ body, presence }, { engine, pipeline }) => {
      const { queue: from, fingerprint, driver, limit } = body;
      const deviceType = triedType(body, pipeline);
      const match = ofType(compileFilter(fingerprint === undefined ? {} : { fingerprint }, 0), deviceType);
      const spec = { queue: from, match, driver, limit };
      const none = { tried: 0, outcomes: {}, samples: [], next: undefined };
      const trial = await orNone(engine, from, none, async () => {
        await counted(engine, from, fingerprint);
        return tryDeadLetters(engine, pipeline.rehearsals, spec, presence);
      });
      return ok({ ...trial, deviceType });
    },
  }),
];

/** A driver says nothing of messages of other types, unless somebody picked them by their cause. */
function triedType({ fingerprint, deviceType, driver }: Try['body'], { drivers }: PipelineDoor): string | undefined {
  if (deviceType !== undefined || fingerprint !== undefined || driver === undefined) return deviceType;
  const { deviceType: own } = drivers.show(driver);
  return own === '*' ? undefined : own;
}

function ofType(match: MessageMatch | undefined, deviceType: string | undefined): MessageMatch | undefined {
  if (deviceType === undefined) return match;
  return (stored, counts) =>
    stored.death?.headers.some(([name, value]) => name === 'device-type' && value === deviceType) === true &&
    (match === undefined || match(stored, counts));
}

const nothing = { messages: [], next: undefined };

function driverOf({ driver, version }: Inspect['query']): DriverRef | undefined {
  if (driver !== undefined && version !== undefined) return { id: driver, version };
  if (driver === undefined && version === undefined) return undefined;
  throw new SluiceError('invalid_argument', 'Name both driver and version, or neither for the one of the device');
}

function notThere(queue: string, sequence: number): SluiceError {
  return new SluiceError(
    'not_found',
    `Cannot find dead letter ${sequence} in "${queue}": it never was, or was replayed or removed`,
  );
}
