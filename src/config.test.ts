import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { defaultConfig, loadConfig } from './config.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rm(cwd, { recursive: true }));

const write = (name: string, content: string) => writeFile(join(cwd, name), content);
const writeJson = (content: object) => write('sluice.config.json', JSON.stringify(content));

test('without any setting every option has its default', async () => {
  const config = await loadConfig({}, {}, cwd);
  assert.deepEqual(config, defaultConfig(cwd));
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.mqtt.port, 1883);
  assert.equal(config.http.port, 8080);
  assert.equal(config.access.anonymous, 'loopback');
  assert.equal(config.data, join(cwd, 'data'));
  assert.equal(config.http.tls.certFile, undefined);
});

test('a flag goes before the environment, that before the config file, that before the default', async () => {
  await writeJson({ mqtt: { port: 1001 }, http: { port: 1001 }, log: { level: 'error' }, host: 'from-file' });
  const env = { SLUICE_MQTT_PORT: '1002', SLUICE_HTTP_PORT: '1002', SLUICE_LOG_LEVEL: 'warn' };
  const config = await loadConfig({ 'mqtt-port': '1003' }, env, cwd);
  assert.equal(config.mqtt.port, 1003);
  assert.equal(config.http.port, 1002);
  assert.equal(config.log.level, 'warn');
  assert.equal(config.host, 'from-file');
  assert.equal(config.pipeline.threadsMin, 1);
});

test('a config file may be a JavaScript or TypeScript module with a default export', async () => {
  await write('sluice.config.ts', 'const port: number = 7;\nexport default { mqtt: { port } };');
  assert.equal((await loadConfig({}, {}, cwd)).mqtt.port, 7);
  await write('other.js', 'export default { mqtt: { port: 8 } };');
  assert.equal((await loadConfig({ config: 'other.js' }, {}, cwd)).mqtt.port, 8);
  assert.equal((await loadConfig({}, { SLUICE_CONFIG: 'other.js' }, cwd)).mqtt.port, 8);
});

test('a module without a default export is refused', async () => {
  await write('sluice.config.js', 'export const mqtt = {};');
  await assert.rejects(loadConfig({}, {}, cwd), /expected a default export/);
});

test('two default config files are not chosen between', async () => {
  await writeJson({});
  await write('sluice.config.ts', 'export default {};');
  await assert.rejects(loadConfig({}, {}, cwd), {
    message: 'Cannot choose between sluice.config.ts and sluice.config.json: name one with --config',
  });
});

test('a mistake in the JSON is named with its line and column', async () => {
  await write('sluice.config.json', '{\n  "mqtt": { "port": x }\n}');
  await assert.rejects(loadConfig({}, {}, cwd), /sluice\.config\.json:2:21: expected a value$/);
});

test('a config file that was named and is missing is an error', async () => {
  for (const config of ['none.json', 'none.ts']) {
    await assert.rejects(loadConfig({ config }, {}, cwd), {
      message: `Cannot read the config file ${join(cwd, config)}: there is no such file`,
    });
  }
});

test('an unknown key is refused with the nearest known one, in the file and in the environment', async () => {
  await writeJson({ mqtt: { prot: 1 }, qeues: {} });
  await assert.rejects(loadConfig({}, { SLUICE_MQTT_PROT: '1' }, cwd), (error: Error) => {
    const lines = error.message.split('\n');
    assert.equal(lines[0], 'Unknown environment variable SLUICE_MQTT_PROT; did you mean "SLUICE_MQTT_PORT"?');
    assert.match(lines[1], /^Unknown option "mqtt\.prot"; did you mean "mqtt\.port"\? \(.*sluice\.config\.json\)$/);
    assert.match(lines[2], /^Unknown option "qeues"; did you mean "queues"\?/);
    assert.equal(lines.length, 3);
    return true;
  });
});

test('an unknown group is refused with the nearest known one', async () => {
  await writeJson({ mqqt: { port: 1 } });
  await assert.rejects(loadConfig({}, {}, cwd), /^[^\n]*Unknown option "mqqt"; did you mean "mqtt"\? \(/);
});

test('a value out of range is refused with the value, what was expected, and where it stands', async () => {
  await assert.rejects(loadConfig({ 'mqtt-port': '70000' }, {}, cwd), {
    message: 'Cannot set mqtt.port to 70000: expected an integer, 0 to 65,535 (flag --mqtt-port)',
  });
  await assert.rejects(loadConfig({}, { SLUICE_LOG_LEVEL: 'loud' }, cwd), {
    message:
      'Cannot set log.level to "loud": expected one of "debug", "info", "warn", "error" (environment SLUICE_LOG_LEVEL)',
  });
  await writeJson({ mqtt: { port: '1883' } });
  await assert.rejects(loadConfig({}, {}, cwd), /Cannot set mqtt\.port to "1883": expected an integer/);
});

test('variables of the command line and of a Kubernetes service named sluice are let be', async () => {
  const env = { SLUICE_URL: 'http://x', SLUICE_TOKEN: 't', SLUICE_PORT: 'tcp://10.0.0.1:80', SLUICE_SERVICE_HOST: 'x' };
  assert.deepEqual(await loadConfig({}, env, cwd), defaultConfig(cwd));
});

test('lists and objects can stand in the environment as JSON', async () => {
  const users = [{ name: 'ops', password: 'secret', admin: true }];
  const config = await loadConfig({}, { SLUICE_ACCESS_USERS: JSON.stringify(users) }, cwd);
  assert.deepEqual(config.access.users, [{ ...users[0], rules: [] }]);
});

test('a problem deep in a list is named by its path, and a secret is not repeated', async () => {
  await writeJson({ access: { tokens: [{ name: 'ci', token: 'short', admn: true }] } });
  await assert.rejects(loadConfig({}, {}, cwd), (error: Error) => {
    assert.match(error.message, /Unknown field "access\.tokens\[0\]\.admn"; did you mean "admin"\?/);
    assert.match(error.message, /Cannot set access\.tokens\[0\]\.token to what is given: expected at least 16/);
    assert.doesNotMatch(error.message, /short/);
    return true;
  });
});

test('a path in a config file is relative to that file', async () => {
  await writeJson({ data: 'd' });
  assert.equal((await loadConfig({ config: join(cwd, 'sluice.config.json') }, {}, tmpdir())).data, join(cwd, 'd'));
  assert.equal((await loadConfig({ data: 'e' }, {}, cwd)).data, join(cwd, 'e'));
});

test('a certificate without its key is refused', async () => {
  await writeJson({ http: { tls: { certFile: 'a.pem' } } });
  await assert.rejects(loadConfig({}, {}, cwd), /expected both http\.tls\.certFile and http\.tls\.keyFile/);
  const tls = { certFile: 'a.pem', keyFile: 'a.key' };
  await writeJson({ http: { tls: { ...tls, clientCertificate: 'request' } } });
  await assert.rejects(loadConfig({}, {}, cwd), /Cannot leave out http\.tls\.caFile: .* or tls\.clientTrust "pinned"/);
  await writeJson({ http: { tls: { ...tls, caFile: 'ca.pem' } } });
  await assert.rejects(loadConfig({}, {}, cwd), /Cannot use http\.tls\.caFile/);
  await writeJson({ http: { tls, certificateIdentity: 'fingerprint' } });
  await assert.rejects(loadConfig({}, {}, cwd), /Cannot use http\.certificateIdentity/);
});

test('a device type is completed with its defaults', async () => {
  await writeJson({ deviceTypes: { 'milesight-am107': { mode: 'inline', fPort: 85 } } });
  const { deviceTypes } = await loadConfig({}, {}, cwd);
  assert.deepEqual(deviceTypes['milesight-am107'], {
    mode: 'inline',
    schemaPolicy: 'enforce',
    schemas: {},
    fPort: 85,
    readings: 'decoded',
    futureTimeMsMax: 300_000,
    pastTimeMsMax: undefined,
    timePolicy: 'refuse',
    bytesMax: undefined,
    rates: undefined,
    retention: undefined,
    eventTypes: {},
    childTypes: [],
  });
});

test('queue options are checked by the table of the queues', async () => {
  await writeJson({ queues: { jobs: { bindings: [{ filter: 'jobs/#' }], maxDeliveries: 3 } } });
  const { queues } = await loadConfig({}, {}, cwd);
  assert.deepEqual(queues, { jobs: { bindings: [{ filter: 'jobs/#' }], maxDeliveries: 3 } });
  await writeJson({ queues: { jobs: { leaseMs: 1 }, 'a b': {} } });
  await assert.rejects(loadConfig({}, {}, cwd), (error: Error) => {
    assert.match(error.message, /"leaseMs" takes a whole number from 1000 .*sluice\.config\.json/);
    assert.match(error.message, /Cannot declare queue "a b"/);
    return true;
  });
});

test('mqtt.port and a listener that stands in its place are not both taken', async () => {
  await writeJson({ listeners: { mqtt: { type: 'tcp', port: 1884 } } });
  assert.equal((await loadConfig({}, {}, cwd)).listeners.mqtt.port, 1884);
  await assert.rejects(loadConfig({ 'mqtt-port': '1885' }, {}, cwd), {
    message: 'Cannot use both mqtt.port and listeners.mqtt: give the one or the other',
  });
});

test('TLS files of a listener are relative to the config file', async () => {
  const tls = { certFile: 'cert.pem', keyFile: 'key.pem' };
  await writeJson({ listeners: { tls: { type: 'tls', port: 8883, tls } } });
  const { listeners } = await loadConfig({ config: join(cwd, 'sluice.config.json') }, {}, tmpdir());
  assert.equal(listeners.tls.tls?.certFile, join(cwd, 'cert.pem'));
});
