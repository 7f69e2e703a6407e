import type { PipelineNumbers } from '../../pipeline/pipeline.ts';
import { distributionSchema, distributionToJson } from '../distribution.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, integer, text } from '../schemas.ts';

const counts = { type: 'object', additionalProperties: integer };
const name = { type: 'string' };
const driver = { type: 'object', properties: { id: text, version: text } };

export const pipelineRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/pipeline',
    tag: 'Devices',
    summary:
      'What the device pipeline has counted since the server started: in all, and by device type and driver version',
    who: 'admin',
    schemas: {
      responses: {
        200: answer('Totals since the start, and levels now', {
          inlineInWork: integer,
          queuedInWork: integer,
          driverThreads: integer,
          workers: integer,
          devicesCached: integer,
          outcomes: counts,
          warned: integer,
          eventsFailed: integer,
          rateRefused: integer,
          rateDelayed: integer,
          autoChanges: integer,
          claimsLimited: {
            ...counts,
            description: 'Claims that were not looked at because too many were refused before, by the limit',
          },
          stepsUs: {
            type: 'object',
            description: 'How long a step takes for a batch of messages, in microseconds',
            additionalProperties: distributionSchema,
          },
          drivers: array({
            type: 'object',
            description:
              'A device type with a driver version; empty names where the device is unknown or no driver was asked, "other" for all pairs beyond the first 200',
            properties: {
              deviceType: name,
              driver: name,
              driverVersion: name,
              outcomes: counts,
              deadLettered: integer,
              decodeUs: { ...distributionSchema, description: 'Microseconds that a message was in its driver' },
            },
          }),
          trials: array({
            type: 'object',
            description: 'A version that is, or was last, a canary or a shadow',
            properties: { driver, canary: counts, shadow: counts },
          }),
          setAside: array({
            type: 'object',
            description:
              'A version that is given no messages of these device types for now, by the server or by these workers',
            properties: { driver, deviceTypes: array(text), workers: array(text) },
          }),
          stateKeysLeftOut: {
            ...integer,
            description: 'Keys of readings that are in the history and not in the state, which had no room',
          },
          rollups: array({
            type: 'object',
            description: 'How far the roll-ups of an interval are; none where the store cannot say now',
            properties: { intervalMs: integer, reachedId: integer, behindRows: integer, behindMs: integer },
          }),
        }),
      },
    },
    handle: async (_, { metrics }) => {
      const { pipeline, store } = await metrics();
      return ok({ ...pipelineToJson(pipeline), ...store });
    },
  }),
];

function pipelineToJson({ steps, drivers, trials, ...numbers }: PipelineNumbers): object {
  return {
    ...numbers,
    stepsUs: Object.fromEntries(Object.entries(steps).map(([step, times]) => [step, distributionToJson(times)])),
    drivers: drivers.map((reading) => ({ ...reading, decodeUs: distributionToJson(reading.decodeUs) })),
    // What they were compared at is with the driver itself.
    trials: trials.map(({ shadow, ...trial }) => ({ ...trial, shadow: shadow && { ...shadow, samples: undefined } })),
  };
}
