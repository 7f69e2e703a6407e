import type { JsonObject } from '../../../std/json.ts';
import type { DriverExample } from '../../driver.ts';

/** Those of RFC 8428, section 5 and 6; their comments and white space left out. */
export const examples: readonly DriverExample[] = [
  json('5.1.1 A single measurement', '[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]', [
    { data: { 'urn:dev:ow:10e2073a01080063': 23.1, units: { 'urn:dev:ow:10e2073a01080063': 'Cel' } } },
  ]),
  json(
    '5.1.2 Several measurements of one time',
    '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]',
    [{ data: { voltage: 120.1, current: 1.2, units: { voltage: 'V', current: 'A' } } }],
  ),
  json(
    '5.1.2 A base time, and times relative to it',
    `[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
      {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]`,
    [
      { data: { voltage: 120.1, current: 1.7, units: { voltage: 'V', current: 'A' } }, time: 1_276_020_076_001 },
      { data: { current: 1.2, units: { current: 'A' } }, time: 1_276_020_071_001 },
      { data: { current: 1.3, units: { current: 'A' } }, time: 1_276_020_072_001 },
    ],
  ),
  json(
    '5.1.3 Several data points of one name',
    `[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":21.2},{"t":10,"v":21.3},
      {"t":20,"u":"%EL","v":2}]`,
    [point(21.2, '%RH', 1_320_067_464_000), point(21.3, '%RH', 1_320_067_474_000), point(2, '%EL', 1_320_067_484_000)],
  ),
  json(
    '5.1.4 Values of all kinds',
    `[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},
      {"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]`,
    [{ data: { temp: 23.1, label: 'Machine Room', open: false, 'nfc-reader': 'aGkgCg', units: { temp: 'Cel' } } }],
  ),
  json(
    '5.1.5 A collection of several devices',
    '[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},{"bn":"2001:db8::1/","n":"humidity","u":"%RH","v":30}]',
    [
      {
        data: {
          '2001:db8::2/temperature': 25.2,
          '2001:db8::1/humidity': 30,
          units: { '2001:db8::2/temperature': 'Cel', '2001:db8::1/humidity': '%RH' },
        },
        time: 1_320_078_429_000,
      },
    ],
  ),
  json('Base value and sums', '[{"bn":"meter:","bv":20,"bs":100,"n":"a","u":"W","v":3,"s":5},{"n":"b"}]', [
    { data: { a: 23, a_sum: 105, b: 20, b_sum: 100, units: { a: 'W' } } },
  ]),
  {
    description: '6 The second of 5.1.2 in CBOR',
    bytes: [
      '87a721781b75726e3a6465763a6f773a313065323037336130313038303036',
      '3a22fb41d303a15b00106223614120050067766f6c7461676501615602fb40',
      '5e066666666666a3006763757272656e74062402fb3ff3333333333333a300',
      '6763757272656e74062302fb3ff4cccccccccccda3006763757272656e7406',
      '2202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763',
      '757272656e74062002fb3ff999999999999aa3006763757272656e74060002',
      'fb3ffb333333333333',
    ].join(''),
    output: {
      messages: [
        { data: { voltage: 120.1, current: 1.7, units: { voltage: 'V', current: 'A' } }, time: 1_276_020_076_001 },
        ...[1.2, 1.3, 1.4, 1.5, 1.6].map((current, index) => {
          return { data: { current, units: { current: 'A' } }, time: 1_276_020_071_001 + 1000 * index };
        }),
      ],
    },
  },
];

function json(description: string, text: string, messages: JsonObject[]): DriverExample {
  return { description, bytes: Buffer.from(text).toString('hex'), output: { messages } };
}

function point(value: number, unit: string, time: number): JsonObject {
  const name = 'urn:dev:ow:10e2073a01080063';
  return { data: { [name]: value, units: { [name]: unit } }, time };
}
