import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { type Server, startConfigured } from './server.ts';

interface Imported {
  readonly read: number;
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  readonly problems: readonly { line: number; id?: string; code: string; detail: string }[];
}

const config = { deviceTypes: { meter: {}, gateway: {} } };
/** For what does not depend on how many devices there are. */
const started = startConfigured({ after }, config);
const csv = 'text/csv';
const ndjson = 'application/x-ndjson';

async function send(server: Server, type: string, text: string, path = '/v1/device-import'): Promise<Imported> {
  const response = await fetch(server.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: text,
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Imported;
}

async function exported(server: Server, format: string, more = ''): Promise<string> {
  const response = await fetch(`${server.httpUrl}/v1/device-export?format=${format}${more}`);
  assert.equal(response.status, 200);
  return response.text();
}

function counts({ made, changed, same, refused }: Imported): number[] {
  return [made, changed, same, refused];
}

function row(at: number): string {
  const id = `d-${String(at).padStart(6, '0')}`;
  return `${id},meter,1.${at % 10}.0,${at % 50 === 0 ? 'true' : ''},,"{""site"":""s-${at % 100}"",""note"":""a, b""}"\r\n`;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test('a fleet is imported, found page by page, and exported as it came', async (t) => {
  const server = await startConfigured(t, config);
  const total = 30_000;
  const head = 'id,type,firmwareVersion,retired,gateway,attributes\r\n';
  const file = head + Array.from({ length: total }, (_, at) => row(at)).join('');
  const [since, before] = [performance.now(), residentBytes(server.pid)];
  assert.deepEqual(counts(await send(server, csv, file)), [total, 0, 0, 0]);
  const ms = Math.round(performance.now() - since);
  t.diagnostic(`${total} devices in ${ms} ms, ${Math.round((residentBytes(server.pid) - before) / 1e6)} MB more`);
  assert.equal(await exported(server, 'csv'), file);
  const { count } = await server.api<{ count: number }>('GET', '/v1/devices?retired=true&limit=1&count=true');
  assert.equal(count, Math.ceil(total / 50));
  const lines = await exported(server, 'ndjson');
  assert.deepEqual(counts(await send(server, ndjson, lines)), [0, 0, total, 0]);
  const other = await startConfigured(t, config);
  assert.deepEqual(counts(await send(other, ndjson, lines)), [total, 0, 0, 0]);
  assert.equal(await exported(other, 'ndjson'), lines);
  assert.equal(await exported(other, 'csv'), file);
});

test('every bad line has its answer and hinders no other', async () => {
  const server = await started;
  const file = [
    'id,type,attributes.site,retired,gateway,token',
    'gw,gateway,north,,,a-token-of-the-gateway',
    'd-1,meter,"two\nlines",,gw,',
    'd-2,nothing,,,,',
    'me,meter,,,,',
    'd 3,meter,,,,',
    'd-4,meter,,perhaps,,',
    'd-5,meter,,,d-99,',
    'd-6,meter',
    'd-7,meter,a"b,,,',
    'd-8,meter,,,,short',
    'd-9,meter,,,,a-token-of-the-gateway',
    'd-1,meter,changed,true,gw,',
  ].join('\n');
  const answer = await send(server, csv, file);
  assert.deepEqual([answer.read, ...counts(answer)], [12, 2, 1, 0, 9]);
  assert.deepEqual(
    answer.problems
      .map(({ line, code }) => `${line} ${code}`)
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
    [
      '5 not_found',
      '6 invalid_argument',
      '7 invalid_argument',
      '8 invalid_argument',
      '9 not_found',
      '10 payload_unreadable',
      '11 payload_unreadable',
      '12 invalid_argument',
      '13 conflict',
    ],
  );
  const device = await server.api<{ attributes: object; retired: boolean }>('GET', '/v1/devices/d-1');
  assert.deepEqual([device.attributes, device.retired], [{ site: 'changed' }, true]);
  const mine = await fetch(`${server.httpUrl}/v1/devices/me`, {
    headers: { authorization: 'Bearer a-token-of-the-gateway' },
  });
  assert.equal(((await mine.json()) as { id: string }).id, 'gw');
  const lines = '{"id":"n-1"}\n\n[]\n{"id":"n-2","typ":"meter"}\n{"id":"n-3"\n';
  const json = await send(server, ndjson, lines, '/v1/device-import?type=meter');
  assert.deepEqual(counts(json), [1, 0, 0, 3]);
  assert.match(json.problems.map(({ detail }) => detail).join(), /type/);
});

test('what cannot be read at all is refused: its columns, its type, its encoding, a line without an end', async () => {
  const server = await started;
  const refused = async (type: string, body: string | Buffer): Promise<string> => {
    const response = await fetch(`${server.httpUrl}/v1/device-import`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return `${response.status} ${((await response.json()) as { code: string }).code}`;
  };
  assert.equal(await refused(csv, 'id,typ\n'), '400 invalid_argument');
  assert.equal(await refused(csv, 'type\nmeter\n'), '400 invalid_argument');
  assert.equal(await refused('application/xml', '<a/>'), '415 unsupported_format');
  assert.equal(await refused(csv, Buffer.from([0x69, 0x64, 0xff, 0xfe, 0x0a])), '400 payload_unreadable');
  assert.equal(await refused(csv, `id\n"${'x'.repeat(3 * 1024 * 1024)}`), '413 payload_too_large');
  assert.equal(await refused(ndjson, 'x'.repeat(3 * 1024 * 1024)), '413 payload_too_large');
  // The rest of what was refused does not stand in front of what comes next.
  assert.equal(await refused(ndjson, 'x'.repeat(30 * 1024 * 1024)), '413 payload_too_large');
  assert.deepEqual(counts(await send(server, csv, '')), [0, 0, 0, 0]);
});

test('an import that a kill cut off is sent again, and then all are there once', async (t) => {
  const server = await startConfigured(t, config);
  const total = 6_000;
  const file = `id,type,firmwareVersion,retired,gateway,attributes\r\n${Array.from({ length: total }, (_, at) => row(at)).join('')}`;
  const half = Buffer.from(file.slice(0, file.length / 2));
  const url = new URL('/v1/device-import', server.httpUrl);
  const sending = request(url, { method: 'POST', headers: { 'content-type': csv } });
  const cut = once(sending, 'error');
  Readable.from([half]).pipe(sending, { end: false });
  const count = async () => (await server.api<{ count: number }>('GET', '/v1/devices?count=true&limit=1')).count;
  while ((await count()) === 0) await new Promise((resolve) => setImmediate(resolve));
  await server.stop('SIGKILL');
  await cut;
  await server.start();
  const there = await count();
  assert.ok(there > 0 && there % 1_000 === 0 && there < total, String(there));
  assert.deepEqual(counts(await send(server, csv, file)), [total - there, 0, there, 0]);
  assert.equal(await exported(server, 'csv'), file);
});
