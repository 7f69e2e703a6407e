import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../std/testing/seed.ts';
import { proxyHeaderBytesMax, readProxyHeader } from './proxy-protocol.ts';

const signature = '0d0a0d0a000d0a515549540a';

/** A header of version 2: command byte, family byte, addresses and TLVs in hexadecimal. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(signature + command + family + length + rest, 'hex');
}

const tcp4 = 'cb007109c6336401dc04075b';
const tcp6 = '20010db8000000000000000000000001fe800000000000000000000000000002dc04075b';

/** Whole headers, each with what it says. */
const vectors: readonly (readonly [string, Buffer, object | string])[] = [
  ['TCP4', Buffer.from('PROXY TCP4 203.0.113.9 198.51.100.1 56324 1883\r\n'), { address: '203.0.113.9' }],
  ['TCP6', Buffer.from('PROXY TCP6 2001:DB8::1 fe80::2 56324 1883\r\n'), { address: '2001:db8::1' }],
  [
    'the longest TCP6',
    Buffer.from(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
  ],
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), 'unknown'],
  ['UNKNOWN with more', Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), 'unknown'],
  ['version 2, TCP4', binary('21', '11', tcp4), { address: '203.0.113.9' }],
  ['version 2, TCP4 with TLVs', binary('21', '11', `${tcp4}0400030102030100046d717474`), { address: '203.0.113.9' }],
  ['version 2, TCP6', binary('21', '21', tcp6), { address: '2001:db8::1' }],
  [
    'version 2, IPv4 in TCP6',
    binary('21', '21', `${'0'.repeat(20)}ffff7f000001${tcp6.slice(32)}`),
    { address: '::ffff:127.0.0.1' },
  ],
  ['version 2, LOCAL', binary('20', '00', ''), 'local'],
  ['version 2, LOCAL with addresses', binary('20', '11', tcp4), 'local'],
  ['version 2, unspecified', binary('21', '00', ''), 'unknown'],
  ['version 2, UDP', binary('21', '12', tcp4), 'unknown'],
  ['version 2, Unix socket', binary('21', '31', '00'.repeat(216)), 'unknown'],
];

for (const [name, header, source] of vectors) {
  test(`PROXY header ${name}: read whole, with bytes behind it, and in pieces`, () => {
    const expected: object = { kind: 'header', length: header.length, source };
    assert.deepEqual(readProxyHeader(header), expected);
    assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from('PROXY \r\n')])), expected);
    for (let end = 0; end < header.length; end++) {
      assert.deepEqual(readProxyHeader(header.subarray(0, end)), { kind: 'incomplete' }, `of ${end} bytes`);
    }
  });
}

const wrong: readonly (readonly [string, Buffer, RegExp])[] = [
  ['MQTT', Buffer.from('100d00044d5154540402003c000161', 'hex'), /met something else/],
  ['lower case', Buffer.from('proxy TCP4'), /met something else/],
  ['TLS', Buffer.from('16030100', 'hex'), /met something else/],
  ['another family', Buffer.from('PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n'), /met "TCP5"/],
  ['no family', Buffer.from('PROXY \r\n'), /met ""/],
  ['an address of the other family', Buffer.from('PROXY TCP4 ::1 ::1 1 1\r\n'), /two addresses of TCP4/],
  ['a zone', Buffer.from('PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n'), /two addresses/],
  ['a missing port', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n'), /two ports/],
  ['a port too many', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n'), /two ports/],
  ['a port out of range', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n'), /two ports/],
  ['a port with a zero in front', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n'), /two ports/],
  ['two spaces', Buffer.from('PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n'), /two addresses/],
  ['a line without end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}`), /at most 107 bytes/],
  ['another version', binary('31', '11', tcp4), /version 2/],
  ['another command', binary('22', '11', tcp4), /command/],
  ['too short for its addresses', binary('21', '11', tcp4.slice(2)), /addresses and ports/],
  ['longer than is taken', binary('21', '11', '00'.repeat(proxyHeaderBytesMax)), /at most 4096 bytes/],
];

for (const [name, header, reason] of wrong) {
  test(`PROXY header with ${name} is refused, and as soon as it shows`, () => {
    const reading = readProxyHeader(header);
    assert.equal(reading.kind, 'malformed');
    assert.match((reading as { reason: string }).reason, reason);
  });
}

test('PROXY headers with random bytes changed are read or refused, never more than they are', () => {
  forSeeds(20_000, (random) => {
    const bytes = Buffer.from(vectors[random.below(vectors.length)][1]);
    for (let changes = random.below(4); changes >= 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
    const reading = readProxyHeader(bytes);
    if (reading.kind === 'header') assert.ok(reading.length <= bytes.length, bytes.toString('hex'));
    if (reading.kind === 'incomplete') assert.ok(bytes.length < proxyHeaderBytesMax, bytes.toString('hex'));
  });
});
