import type { DriverExample } from '../../driver.ts';

export const examples: readonly DriverExample[] = [
  example(
    'An event with time and sequence',
    `{"specversion":"1.0","id":"A234-1234","source":"/meters/7","type":"meter.reading","time":"2025-04-05T17:31:00Z",
      "sequence":"0042","datacontenttype":"application/json","data":{"level":3,"open":true}}`,
    [{ data: { level: 3, open: true }, eventType: 'meter.reading', time: '2025-04-05T17:31:00Z', seq: 42 }],
  ),
  example(
    'A type that is no event type here, and data in base64',
    '{"specversion":"1.0","id":"1","source":"x","type":"com.Example/Reading","data_base64":"eyJ0IjoyMX0="}',
    [{ data: { t: 21 } }],
  ),
  example(
    'A batch',
    `[{"specversion":"1.0","id":"1","source":"x","type":"a","data":{"t":1}},
      {"specversion":"1.0","id":"2","source":"x","type":"b","data":{"t":2}}]`,
    [
      { data: { t: 1 }, eventType: 'a' },
      { data: { t: 2 }, eventType: 'b' },
    ],
  ),
];

function example(description: string, text: string, messages: DriverExample['output'][]): DriverExample {
  return { description, bytes: Buffer.from(text).toString('hex'), output: { messages } };
}
