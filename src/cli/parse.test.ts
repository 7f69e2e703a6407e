import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer, text } from '../config/schema.ts';
import { command, group, UsageError } from './command.ts';
import { apiOptions, many, mqttOptions, switchable, value, valueOr } from './options.ts';
import { locate, parse } from './parse.ts';

const send = command({
  name: 'send',
  summary: 'Sends',
  operands: [
    { name: 'TO', sentence: 'where to' },
    { name: 'CC', sentence: 'who else', optional: true },
  ],
  options: {
    count: valueOr(integer(1, 9), 3, { short: 'n', environment: 'SEND_COUNT', sentence: 'How many.' }),
    body: value(text(), { short: 'm', sentence: 'What.' }),
    tag: many(text(), { sentence: 'Tags.' }),
    quiet: switchable({ sentence: 'Say nothing.' }),
  },
  run: async () => 0,
});
const root = group('tool', 'A tool', [group('mail', 'Mail', [send])]);

const refused = (rest: string[], message: string | RegExp, env = {}) =>
  assert.throws(
    () => parse(send, rest, env),
    (error: Error) => {
      assert.ok(error instanceof UsageError);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    },
  );

test('leading words lead down the tree, and the rest belongs to the command', () => {
  const located = locate(root, ['mail', 'send', 'you', '--quiet']);
  assert.equal(located.command, send);
  assert.deepEqual(located.path, ['tool', 'mail', 'send']);
  assert.deepEqual(located.rest, ['you', '--quiet']);
});

test('an unknown command is refused with the nearest known one', () => {
  assert.throws(() => locate(root, ['mial']), { message: 'Unknown command "mial"; did you mean "mail"?' });
});

test('options have their values, short and long, in any place among the operands', () => {
  const { options, operands } = parse(send, ['-n', '2', 'you', '--body', '-1', '--tag=a', '--tag', 'b', '--quiet'], {});
  assert.deepEqual(operands, ['you']);
  assert.deepEqual(options, { count: 2, body: '-1', tag: ['a', 'b'], quiet: true, help: false, version: false });
});

test('a flag goes before its environment variable, and that before the default', () => {
  const count = (rest: string[], env: NodeJS.ProcessEnv) => parse(send, ['you', ...rest], env).options.count;
  assert.equal(count([], {}), 3);
  assert.equal(count([], { SEND_COUNT: '4' }), 4);
  assert.equal(count(['--count', '5'], { SEND_COUNT: '4' }), 5);
});

test('where nothing says where the server is, it is where `sluice start` would have it listen', () => {
  const look = command({
    name: 'look',
    summary: 'Looks',
    options: { ...apiOptions, ...mqttOptions },
    run: async () => 0,
  });
  const places = (env: NodeJS.ProcessEnv) => {
    const { url, 'mqtt-url': mqttUrl } = parse(look, [], env).options;
    return [url, mqttUrl];
  };
  assert.deepEqual(places({}), ['http://127.0.0.1:8080', 'mqtt://127.0.0.1:1883']);
  assert.deepEqual(places({ SLUICE_HTTP_PORT: '9000', SLUICE_MQTT_PORT: '9001', SLUICE_HOST: '0.0.0.0' }), [
    'http://127.0.0.1:9000',
    'mqtt://127.0.0.1:9001',
  ]);
  assert.deepEqual(places({ SLUICE_HTTP_PORT: '0', SLUICE_HOST: '::1' }), ['http://[::1]:8080', 'mqtt://[::1]:1883']);
  assert.deepEqual(places({ SLUICE_HTTP_PORT: '9000', SLUICE_URL: 'http://there', SLUICE_MQTT_URL: 'mqtt://there' }), [
    'http://there',
    'mqtt://there',
  ]);
  assert.throws(() => places({ SLUICE_HTTP_PORT: 'http' }), /Cannot set SLUICE_HTTP_PORT to "http": expected/);
});

test('what is wrong with an option is said with the option', () => {
  refused(['you', '--coutn', '1'], 'Unknown option "--coutn"; did you mean "--count"?');
  refused(['you', '--count', '10'], 'Cannot set --count to 10: expected an integer, 1 to 9');
  refused(['you', '--count'], 'Cannot use --count without a value: expected an integer, 1 to 9');
  refused(['you', '--quiet=yes'], 'Cannot give --quiet the value "yes": it takes none');
  refused(['you', '-n', '1', '-n', '2'], 'Cannot use --count 2 times: it may be given once');
  refused(['you'], 'Cannot set SEND_COUNT to "many": expected an integer, 1 to 9', { SEND_COUNT: 'many' });
});

test('operands are counted', () => {
  refused([], 'Cannot go on without TO: expected where to');
  refused(['a', 'b', 'c'], 'Unexpected "c" behind the command');
  assert.deepEqual(parse(send, ['a', 'b'], {}).operands, ['a', 'b']);
});

test('a dash-dash ends the options', () => {
  assert.deepEqual(parse(send, ['--', '--quiet'], {}).operands, ['--quiet']);
});

test('help is given even where the rest is wrong', () => {
  assert.equal(parse(send, ['--help'], {}).options.help, true);
  assert.equal(parse(send, ['-h', '--count', 'x'], {}).options.help, true);
});
