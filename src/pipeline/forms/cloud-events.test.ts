import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import type { JsonValue } from '../../std/json.ts';
import { type CloudEvent, readBinary, readStructured } from './cloud-events.ts';

/** The example of the specification, section 5, and of the JSON format, section 3.2. */
const example = {
  specversion: '1.0',
  type: 'com.github.pull_request.opened',
  source: 'https://github.com/cloudevents/spec/pull',
  subject: '123',
  id: 'A234-1234-1234',
  time: '2018-04-05T17:31:00Z',
  comexampleextension1: 'value',
  comexampleothervalue: 5,
  datacontenttype: 'text/xml',
  data: '<much wow="xml"/>',
};

function event(json: JsonValue): CloudEvent {
  const read = readStructured(json);
  if (read instanceof SluiceError) throw read;
  return read;
}

test('an event of the specification is a message with its time, type and bytes', () => {
  assert.deepEqual(event(example), {
    subject: '123',
    eventType: 'com.github.pull_request.opened',
    payload: Buffer.from('<much wow="xml"/>'),
    messageId: 'A234-1234-1234@63UvJw_XppH',
    contentType: 'text/xml',
    time: Date.UTC(2018, 3, 5, 17, 31),
  });
});

test('data stands as JSON, as text or in base64', () => {
  const { datacontenttype: _, data: __, ...bare } = example;
  const bytes = Buffer.from([0, 1, 255]);
  const data: [object, Buffer, string | undefined][] = [
    [
      { data: { appinfoA: 'abc', appinfoB: 123 } },
      Buffer.from('{"appinfoA":"abc","appinfoB":123}'),
      'application/json',
    ],
    [{ data: 'a text' }, Buffer.from('"a text"'), 'application/json'],
    [{ data: 'a text', datacontenttype: 'application/senml+json' }, Buffer.from('"a text"'), 'application/senml+json'],
    [{ data: 'a,b', datacontenttype: 'text/csv' }, Buffer.from('a,b'), 'text/csv'],
    [{ data_base64: bytes.toString('base64') }, bytes, undefined],
    [{}, Buffer.alloc(0), 'application/json'],
  ];
  for (const [fields, payload, contentType] of data) {
    const read = event({ ...bare, ...fields });
    assert.deepEqual([read.payload, read.contentType], [payload, contentType], JSON.stringify(fields));
  }
});

test('two sources of one device may use the same ids, and the same event has the same id each time', () => {
  const ids = (id: string, source: string) => event({ ...example, id, source }).messageId ?? '';
  assert.equal(ids('1', '/pump'), ids('1', '/pump'));
  assert.notEqual(ids('1', '/pump'), ids('1', '/valve'));
  assert.notEqual(ids('x'.repeat(60), 'a'), ids('x'.repeat(60), 'b'));
  assert.notEqual(ids('a\u0001', 's'), ids('a\u0002', 's'));
  for (const id of ['1', 'x'.repeat(500), 'é\u0001', '\ud800']) assert.ok(Buffer.byteLength(ids(id, 's')) <= 64, id);
});

test('extensions say what a device says of its message', () => {
  const read = event({ ...example, sequence: '17', fport: 2, firmware: '2.1.0' });
  assert.deepEqual([read.seq, read.fPort, read.firmwareVersion], [17, 2, '2.1.0']);
  const binary = readBinary(
    { specversion: '1.0', id: '1', source: '/pump', type: 'Telemetry', sequence: '4', fport: '9' },
    Buffer.from('x'),
    'application/octet-stream',
  ) as CloudEvent;
  assert.deepEqual(
    [binary.seq, binary.fPort, binary.eventType, binary.contentType],
    [4, 9, 'telemetry', 'application/octet-stream'],
  );
});

test('what is no event says why', () => {
  const wrong: [JsonValue, RegExp][] = [
    [[], /JSON object/],
    [{}, /specversion 1\.0: met nothing/],
    [{ ...example, specversion: '0.3' }, /met "0\.3"/],
    [{ ...example, id: '' }, /id, source and type/],
    [{ ...example, source: 7 }, /met "A234-1234-1234", 7/],
    [{ ...example, type: 'a/b' }, /event type/],
    [{ ...example, time: 'yesterday' }, /time/],
    [{ ...example, data_base64: '%%%' }, /base64/],
    [{ ...example, datacontenttype: 'a\u0000b' }, /datacontenttype/],
    [{ ...example, datacontenttype: { a: 1 } }, /datacontenttype/],
  ];
  for (const [json, reason] of wrong) {
    const read = readStructured(json);
    assert.ok(read instanceof SluiceError, JSON.stringify(json));
    assert.match(read.message, reason);
  }
});
