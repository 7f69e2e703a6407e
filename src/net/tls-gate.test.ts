import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { SimulatedClock } from '../std/clock.ts';
import { type IssuedCertificate, TestAuthority } from '../std/testing/certificates.ts';
import { listening, mayBreak, put, read, readToEnd } from './testing/listening.ts';
import type { TlsOptions } from './tls-gate.ts';

const authority = new TestAuthority();
const stranger = new TestAuthority('Stranger');
after(() => {
  authority.remove();
  stranger.remove();
});
const server = authority.issueServer();
const client = authority.issue('device-7', 'DNS:device-7.example,URI:urn:device:7');

function tls(changes: Partial<TlsOptions> = {}): TlsOptions {
  return { ...server, clientCertificate: 'none', minVersion: 'TLSv1.2', ...changes };
}

const asking = { caFile: authority.caFile } as const;

function dial(t: TestContext, port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca, ...options });
  t.after(() => socket.destroy());
  return socket;
}

function credentials({ certFile, keyFile }: IssuedCertificate): ConnectionOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** What a certificate says of itself but for names. */
function printed({ certFile }: IssuedCertificate) {
  const { fingerprint256, validFromDate, validToDate } = new X509Certificate(readFileSync(certFile));
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  return { fingerprint, validFrom: validFromDate.getTime(), validTo: validToDate.getTime() };
}

/** What the client sees first: whether it could speak, or with which error it ended. */
async function outcome(socket: TLSSocket): Promise<string> {
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
  return Promise.race([ended, once(socket, 'data').then(([chunk]) => String(chunk))]);
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`bytes go both ways over ${version}, small and large`, async (t) => {
    const { port, served } = await listening(t, { tls: tls() });
    const socket = dial(t, port, { maxVersion: version });
    socket.write('hello');
    const recorder = await served();
    await recorder.hears('hello');
    assert.equal(socket.getProtocol(), version);
    assert.deepEqual(recorder.transport.peer.certificate, undefined);
    const answer = Buffer.alloc(2_000_000, 'z');
    put(recorder.transport, answer);
    assert.ok((await read(socket, answer.length)).equals(answer));
    socket.write(Buffer.alloc(500_000, 'y'));
    await recorder.until(() => recorder.received.length === 500_005);
    recorder.transport.end();
    await once(socket, 'end');
    await recorder.until(() => recorder.isClosed);
  });
}

test('older versions than the oldest allowed are refused', async (t) => {
  const { port, counters } = await listening(t, { tls: tls({ minVersion: 'TLSv1.3' }) });
  assert.match(await outcome(dial(t, port, { maxVersion: 'TLSv1.2' })), /PROTOCOL_VERSION/);
  while (counters.refused.tls_handshake === 0) await new Promise((resolve) => setImmediate(resolve));
});

test('what a client certificate says is known of the connection', async (t) => {
  const { port, served } = await listening(t, { tls: tls({ ...asking, clientCertificate: 'require' }) });
  dial(t, port, credentials(client)).write('x');
  assert.deepEqual((await served()).transport.peer.certificate, {
    commonName: 'device-7',
    subjectAltNames: ['DNS:device-7.example', 'URI:urn:device:7'],
    ...printed(client),
  });
});

for (const files of [{}, asking]) {
  const authorities = 'caFile' in files ? 'another authority than it knows' : 'no authority at all';
  test(`where certificates are pinned, one of ${authorities} is known by its fingerprint, and names nobody`, async (t) => {
    const options = tls({ ...files, clientCertificate: 'require', clientTrust: 'pinned' });
    const { port, served } = await listening(t, { tls: options });
    const nobody = { commonName: undefined, subjectAltNames: [] };
    for (const [index, shown] of [authority.selfSigned('device-7'), stranger.issue('device-7')].entries()) {
      dial(t, port, credentials(shown)).write('x');
      assert.deepEqual((await served(index)).transport.peer.certificate, { ...nobody, ...printed(shown) });
    }
    dial(t, port, credentials(client)).write('x');
    const ofAuthority = (await served(2)).transport.peer.certificate;
    assert.equal(ofAuthority?.commonName, 'caFile' in files ? 'device-7' : undefined);
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a pinned certificate is known of a session that is taken up again over ${version}`, async (t) => {
    const options = tls({ clientCertificate: 'require', clientTrust: 'pinned' });
    const { port, served } = await listening(t, { tls: options });
    const shown = authority.selfSigned('device-7');
    const first = dial(t, port, { ...credentials(shown), maxVersion: version });
    const session = once(first, 'session').then(([bytes]) => bytes as Buffer);
    first.write('x');
    put((await served(0)).transport, Buffer.from('y'));
    first.resume();
    const second = dial(t, port, { session: await session, maxVersion: version });
    second.write('x');
    assert.deepEqual((await served(1)).transport.peer.certificate?.fingerprint, printed(shown).fingerprint);
    assert.equal(second.isSessionReused(), true);
  });
}

test('where a pinned certificate is required, nobody comes without one, and that is counted', async (t) => {
  const { port, accepted, counters } = await listening(t, {
    tls: tls({ clientCertificate: 'require', clientTrust: 'pinned' }),
  });
  assert.match(await outcome(dial(t, port)), /closed|RESET/);
  assert.equal(accepted.length, 0);
  assert.equal(counters.refused.tls_handshake, 1);
});

test('where a certificate is required, nobody comes without one of a trusted authority', async (t) => {
  const { port, accepted, counters } = await listening(t, { tls: tls({ ...asking, clientCertificate: 'require' }) });
  assert.match(await outcome(dial(t, port)), /ALERT|CERTIFICATE_REQUIRED|closed|RESET/);
  assert.match(await outcome(dial(t, port, credentials(stranger.issue('device-7')))), /ALERT|UNKNOWN_CA|closed|RESET/);
  assert.equal(accepted.length, 0);
  while (counters.refused.tls_handshake < 2) await new Promise((resolve) => setImmediate(resolve));
});

test('where a certificate is asked for, one may come without, and a stranger counts as without', async (t) => {
  const { port, served } = await listening(t, { tls: tls({ ...asking, clientCertificate: 'request' }) });
  dial(t, port).write('x');
  assert.equal((await served(0)).transport.peer.certificate, undefined);
  dial(t, port, credentials(stranger.issue('device-7'))).write('x');
  assert.equal((await served(1)).transport.peer.certificate, undefined);
  dial(t, port, credentials(client)).write('x');
  assert.equal((await served(2)).transport.peer.certificate?.commonName, 'device-7');
});

test('a connection that is reset after its handshake harms nobody', async (t) => {
  const { port, served } = await listening(t, { tls: tls() });
  const socket = dial(t, port);
  socket.write('x');
  const recorder = await served();
  await recorder.hears('x');
  put(recorder.transport, Buffer.alloc(4_000_000));
  await new Promise((resolve) => setImmediate(resolve));
  // What lies unread in the system makes the end a reset.
  socket.destroy();
  await recorder.until(() => recorder.isClosed);
});

test('a handshake that is not completed ends after its time, whether nothing comes or half of it', async (t) => {
  const clock = new SimulatedClock();
  const { dial: dialPlain, counters } = await listening(t, { tls: tls(), handshakeTimeoutMs: 2_000 }, { clock });
  const [silent, half] = [await dialPlain(), await dialPlain()];
  half.write(Buffer.from('1603010200010001fc0303', 'hex'));
  while (counters.connections < 2) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  assert.equal(await readToEnd(silent), '');
  assert.equal(await readToEnd(half), '');
  assert.equal(counters.refused.handshake_timeout, 2);
});

test('what is no TLS is refused', async (t) => {
  const { dial: dialPlain, counters } = await listening(t, { tls: tls() });
  const socket = await dialPlain();
  socket.write(Buffer.from('100d00044d5154540402003c000161', 'hex'));
  await readToEnd(socket);
  assert.equal(counters.refused.tls_handshake, 1);
});

test('a PROXY header comes before TLS, also in one write with the beginning of the handshake', async (t) => {
  const { port, served } = await listening(t, { tls: tls(), proxy: { trusted: undefined } });
  const raw = connectTcp(port, '127.0.0.1');
  raw.on('error', mayBreak);
  t.after(() => raw.destroy());
  await once(raw, 'connect');
  raw.cork();
  raw.write('PROXY TCP6 2001:db8::7 ::1 1 2\r\n');
  const socket = dial(t, port, { socket: raw });
  process.nextTick(() => process.nextTick(() => raw.uncork()));
  socket.write('hello');
  const recorder = await served();
  await recorder.hears('hello');
  assert.equal(recorder.transport.peer.remoteAddress, '2001:db8::7');
});

test('new files serve new connections, and the old ones go on', async (t) => {
  const paths = { certFile: join(authority.folder, 'live.pem'), keyFile: join(authority.folder, 'live.key') };
  const replace = ({ certFile, keyFile }: IssuedCertificate): void => {
    copyFileSync(certFile, paths.certFile);
    copyFileSync(keyFile, paths.keyFile);
  };
  const [first, second] = [authority.issueServer(), authority.issueServer()];
  replace(first);
  const { port, served, listeners } = await listening(t, { tls: tls(paths) });
  const serial = ({ certFile }: IssuedCertificate): string => new X509Certificate(readFileSync(certFile)).serialNumber;
  const before = dial(t, port);
  await once(before, 'secureConnect');
  assert.equal(before.getPeerCertificate().serialNumber, serial(first));
  replace(second);
  await listeners.reload();
  const later = dial(t, port);
  await once(later, 'secureConnect');
  assert.equal(later.getPeerCertificate().serialNumber, serial(second));
  before.write('still here');
  await (await served(0)).hears('still here');
  copyFileSync(first.keyFile, paths.keyFile);
  await listeners.reload();
  const last = dial(t, port);
  await once(last, 'secureConnect');
  assert.equal(last.getPeerCertificate().serialNumber, serial(second));
});

test('a stop ends connections in every stage', async (t) => {
  const { port, served, dial: dialPlain, listeners, counters } = await listening(t, { tls: tls() });
  const silent = await dialPlain();
  const socket = dial(t, port);
  socket.write('x');
  const recorder = await served();
  while (counters.connections < 2) await new Promise((resolve) => setImmediate(resolve));
  await listeners.stop();
  assert.equal(recorder.isClosed, true);
  await readToEnd(silent);
  assert.equal(counters.connections, 0);
});

test('a banned address gets no handshake, and one that is not does', async (t) => {
  let isBanned = true;
  const { port, counters, served } = await listening(t, { tls: tls() }, { isBanned: () => isBanned });
  assert.match(await outcome(dial(t, port)), /closed|ECONNRESET/);
  assert.equal(counters.refused.banned, 1);
  assert.equal(counters.refused.tls_handshake, 0);
  isBanned = false;
  dial(t, port).write('hello');
  await (await served()).hears('hello');
});
