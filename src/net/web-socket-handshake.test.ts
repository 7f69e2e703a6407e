import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptance, upgradeRefusal, type WebSocketRules } from './web-socket-handshake.ts';

const rules: WebSocketRules = { path: '/mqtt', origins: undefined };

const good = {
  method: 'GET',
  url: '/mqtt',
  httpVersion: '1.1',
  headers: {
    host: 'broker.example:9001',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'mqtt',
  },
};

type Headers = Readonly<Record<string, string | undefined>>;

function refused(
  headers: Headers,
  request: object = {},
  changes: Partial<WebSocketRules> = {},
  from = '192.0.2.1',
): number {
  const asked = { ...good, ...request, headers: { ...good.headers, ...headers } };
  return upgradeRefusal(asked, { ...rules, ...changes }, from)?.status ?? 101;
}

test('the key of RFC 6455, section 1.3, is accepted with its answer, and the subprotocol agreed to [MQTT-6.0.0-4]', () => {
  assert.equal(
    acceptance('dGhlIHNhbXBsZSBub25jZQ=='),
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: WebSocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'Sec-WebSocket-Protocol: mqtt',
      '\r\n',
    ].join('\r\n'),
  );
});

test('a request is upgraded only where everything is as it must be', () => {
  assert.equal(refused({}), 101);
  assert.equal(refused({ upgrade: 'WebSocket' }), 101);
  assert.equal(refused({}, { url: '/mqtt?token=x' }), 101);
  assert.equal(refused({ upgrade: 'h2c' }), 426);
  assert.equal(refused({ upgrade: undefined }), 426);
  assert.equal(refused({}, { method: 'POST' }), 405);
  assert.equal(refused({}, { url: '/mqtt/' }), 404);
  assert.equal(refused({ 'sec-websocket-version': '8' }), 426);
  assert.equal(refused({ 'sec-websocket-key': 'short' }), 400);
  assert.equal(refused({ 'sec-websocket-key': undefined }), 400);
});

test('the subprotocol must be mqtt, also among others [MQTT-6.0.0-3]', () => {
  assert.equal(refused({ 'sec-websocket-protocol': 'mqttv3.1, mqtt' }), 101);
  assert.equal(refused({ 'sec-websocket-protocol': 'mqttv3.1' }), 400);
  assert.equal(refused({ 'sec-websocket-protocol': undefined }), 400);
});

test('without `origins` the pages of the same host may connect, and those of this machine only under its own names', () => {
  assert.equal(refused({ origin: 'https://broker.example' }), 101);
  assert.equal(refused({ origin: 'https://broker.example:8443' }), 101);
  assert.equal(refused({ origin: 'https://elsewhere.example' }), 403);
  assert.equal(refused({ origin: 'null' }), 403);
  const local = { host: 'localhost:9001', origin: 'http://localhost:8080' };
  assert.equal(refused(local, {}, {}, '127.0.0.1'), 101);
  const rebound = { host: 'evil.example:9001', origin: 'http://evil.example' };
  assert.equal(refused(rebound, {}, {}, '::1'), 403);
});

test('with `origins` the pages that it names may connect, and with * all', () => {
  const origins = ['https://app.example'];
  assert.equal(refused({ origin: 'https://app.example' }, {}, { origins }), 101);
  assert.equal(refused({ origin: 'https://broker.example' }, {}, { origins }), 403);
  assert.equal(refused({ origin: undefined }, {}, { origins }), 101);
  assert.equal(refused({ origin: 'https://anyone.example' }, {}, { origins: ['*'] }), 101);
});
