import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenerEntries, listenersWithPaths } from './listeners.ts';

const files = { certFile: 'a.pem', keyFile: 'a.key' };

function problemsOf(listeners: object): string[] {
  const problems: string[] = [];
  listenerEntries.check(listeners, 'listeners', (problem) => problems.push(problem));
  return problems;
}

test('one of each kind is accepted, and completed with defaults', () => {
  assert.deepEqual(
    problemsOf({
      plain: { type: 'tcp', port: 0 },
      proxied: { type: 'tcp', port: 1884, proxyProtocol: 'required', proxyTrusted: ['10.0.0.0/8', '::1'] },
      tls: { type: 'tls', port: 8883, tls: files },
      mutual: {
        type: 'tls',
        port: 8884,
        tls: { ...files, caFile: 'ca.pem', clientCertificate: 'require' },
        certificateIdentity: 'commonName',
      },
      pinned: {
        type: 'tls',
        port: 8885,
        tls: { ...files, clientCertificate: 'require', clientTrust: 'pinned' },
        certificateIdentity: 'fingerprint',
      },
      ws: { type: 'ws', port: 9001, path: '/', origins: ['https://app.example', '*'] },
      wss: { type: 'wss', port: 9443, tls: files, redirect: { serverReference: 'other.example' } },
    }),
    [],
  );
  const entry = listenerEntries.check({ x: { type: 'tls', port: 1, tls: files } }, 'listeners', assert.fail)?.x;
  assert.equal(entry?.proxyProtocol, 'off');
  assert.equal(entry?.tls?.clientCertificate, 'none');
  assert.equal(entry?.tls?.minVersion, 'TLSv1.2');
});

test('what belongs to another kind of listener is refused, not ignored', () => {
  const refused: readonly (readonly [object, string])[] = [
    [{ type: 'tls' }, 'Cannot leave out listeners.x.tls: type "tls" needs its certFile and keyFile'],
    [{ type: 'tcp', tls: files }, 'Cannot use listeners.x.tls: it needs type "tls" or "wss"'],
    [{ type: 'tcp', path: '/mqtt' }, 'Cannot use listeners.x.path: it needs type "ws" or "wss"'],
    [{ type: 'tcp', origins: [] }, 'Cannot use listeners.x.origins: it needs type "ws" or "wss"'],
    [{ type: 'tcp', proxyTrusted: [] }, 'Cannot use listeners.x.proxyTrusted: it needs proxyProtocol "required"'],
    [
      { type: 'tls', tls: files, certificateIdentity: 'commonName' },
      'Cannot use listeners.x.certificateIdentity: it needs tls.clientCertificate "request" or "require"',
    ],
    [
      { type: 'tls', tls: { ...files, clientCertificate: 'require' } },
      'Cannot leave out listeners.x.tls.caFile: client certificates need the authorities that are trusted, or tls.clientTrust "pinned"',
    ],
    [
      { type: 'tls', tls: { ...files, clientTrust: 'pinned' } },
      'Cannot use listeners.x.tls.clientTrust: it needs tls.clientCertificate "request" or "require"',
    ],
    ...[{}, { certificateIdentity: 'commonName' }].map(
      (named) =>
        [
          { type: 'tls', tls: { ...files, clientCertificate: 'request', clientTrust: 'pinned' }, ...named },
          'Cannot use listeners.x.tls.clientTrust "pinned": it needs certificateIdentity "fingerprint", or caFile where names are to count too',
        ] as const,
    ),
  ];
  for (const [entry, problem] of refused) assert.deepEqual(problemsOf({ x: { port: 1, ...entry } }), [problem]);
});

test('a name, a network, an origin or a path that is none is refused with what was expected', () => {
  const tcp = { type: 'tcp', port: 1 };
  assert.match(problemsOf({ 'a b': tcp })[0], /Cannot use the name "a b" in listeners: expected letters/);
  const proxy = { ...tcp, proxyProtocol: 'required', proxyTrusted: ['10.0.0.0/33'] };
  assert.match(
    problemsOf({ x: proxy })[0],
    /proxyTrusted\[0\] to "10\.0\.0\.0\/33": expected an IP address, or a network/,
  );
  const ws = { ...tcp, type: 'ws' };
  assert.match(problemsOf({ x: { ...ws, origins: ['app.example'] } })[0], /origins\[0\] .* expected an origin/);
  assert.match(problemsOf({ x: { ...ws, path: 'mqtt' } })[0], /path to "mqtt": expected a path such as/);
  assert.match(problemsOf({ x: { ...tcp, prot: 1 } })[0], /Unknown field "listeners\.x\.prot"; did you mean "port"\?/);
});

test('files are relative to the folder that names them', () => {
  const entries = listenerEntries.check({ x: { type: 'tls', port: 1, tls: files } }, 'listeners', assert.fail);
  const { x } = listenersWithPaths(entries ?? {}, (path) => join('/etc/sluice', path));
  assert.deepEqual(
    [x.tls?.certFile, x.tls?.keyFile, x.tls?.caFile],
    ['/etc/sluice/a.pem', '/etc/sluice/a.key', undefined],
  );
});
