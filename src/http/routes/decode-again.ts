import type { DriverRef } from '../../pipeline/driver.ts';
import { parseTime } from '../header-values.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, flag, integer, object, text } from '../schemas.ts';

const tag = 'Devices';

interface DecodeAgain {
  readonly params: { readonly name: string };
  readonly body: {
    readonly from?: string;
    readonly to?: string;
    readonly driver?: DriverRef;
    readonly apply: boolean;
    readonly after: number;
    readonly end?: number;
  };
}

const time = { ...text, maxLength: 64, description: 'Milliseconds since the Unix epoch, or ISO 8601' };
const readings = array({ type: 'object' });

export const decodeAgainRoutes: readonly Route[] = [
  route<DecodeAgain>({
    method: 'POST',
    path: '/v1/device-types/{name}/decode-again',
    tag,
    summary: 'Read stored messages of a time span again from their bytes; a slice with each call, `after` goes on',
    who: 'admin',
    schemas: {
      params: object({ name: entityName }, ['name']),
      body: object({
        from: time,
        to: time,
        driver: {
          ...object({ id: text, version: text }, ['id', 'version']),
          description: 'The one that each device has now, where absent',
        },
        apply: { ...flag, default: false, description: 'Change history and state; else it only shows' },
        after: { ...integer, default: 0, description: '`next` of the call before' },
        end: { ...integer, description: '`end` of the call before' },
      }),
      responses: {
        200: answer('What became of this slice; without `next` it was the last', {
          decoded: integer,
          same: integer,
          different: integer,
          corrected: integer,
          failed: integer,
          samples: array({
            type: 'object',
            properties: { deviceId: text, messageId: text, before: readings, after: readings, error: text },
          }),
          next: integer,
          end: integer,
        }),
      },
    },
    handle: async ({ params: { name }, body: { from, to, driver, apply, after, end } }, { pipeline }) =>
      ok(
        await pipeline.decodeAgain.run({
          deviceType: name,
          from: from === undefined ? 0 : parseTime(from, 'from'),
          to: to === undefined ? Number.MAX_SAFE_INTEGER : parseTime(to, 'to'),
          driver,
          apply,
          after,
          end,
        }),
      ),
  }),
];
