import type { DriverExample } from '../../driver.ts';

export const examples: readonly DriverExample[] = [
  example('Plain readings', '{"pulseCounter":1234567,"leakage":false,"batteryLevel":81}', [
    { data: { pulseCounter: 1234567, leakage: false, batteryLevel: 81 } },
  ]),
  example(
    'Readings with a message id, a time and a counter',
    '{"messageId":"m-1","time":"2025-01-02T03:04:05Z","seq":7,"level":3}',
    [{ data: { level: 3 }, time: '2025-01-02T03:04:05Z', seq: 7 }],
  ),
  example('Readings in values', '{"ts":1735787045000,"values":{"level":3,"open":true}}', [
    { data: { level: 3, open: true }, time: 1735787045000 },
  ]),
  example('Several readings', '[{"ts":1,"values":{"level":3}},{"level":4}]', [
    { data: { level: 3 }, time: 1 },
    { data: { level: 4 } },
  ]),
];

function example(description: string, text: string, messages: DriverExample['output'][]): DriverExample {
  return { description, bytes: Buffer.from(text).toString('hex'), output: { messages } };
}
