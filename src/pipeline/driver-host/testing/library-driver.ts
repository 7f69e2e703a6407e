import { z } from 'zod';
import { defineDriver } from '../../driver.ts';

/** For tests: a driver whose schema asks somebody else, and is let down after nobody listens any more. */
const schema = z.object({ t: z.number().refine(() => Promise.reject(new Error('the table of limits is away'))) });

let messages = 0;

export const drivers = [
  defineDriver({
    id: 'asks',
    version: '1.0.0',
    match: { deviceType: 'asks', firmware: '*' },
    events: { telemetry: schema },
    decodeUplink: ({ bytes }) => ({ data: { t: bytes[0] } }),
    examples: [],
  }),
  // Begins anew in each thread, and so tells whether it is still the same one.
  defineDriver({
    id: 'counts',
    version: '1.0.0',
    match: { deviceType: 'counts', firmware: '*' },
    events: {},
    decodeUplink: () => ({ data: { messages: ++messages } }),
    examples: [],
  }),
];
