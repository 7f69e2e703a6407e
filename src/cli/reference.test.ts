import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brokerValueRows, loadNames } from '../broker/system/broker-values.ts';
import { environmentName, type Option } from '../config/option.ts';
import { configEntries, configOptions } from '../config/options.ts';
import type { Schema } from '../config/schema.ts';
import { openForWriting } from '../devices/sqlite/database.ts';
import { dropReasons, pauseCauses } from '../http/metrics/broker-table.ts';
import { metricTable, unitOf } from '../http/metrics/metric-table.ts';
import { driverEventRows } from '../pipeline/lifecycle/set-aside-watch.ts';
import { queueOptionRows } from '../queues/option-rows.ts';
import { queueEventRows } from '../queues/queue-events.ts';
import { queueLevelRows } from '../queues/queue-levels.ts';
import { root } from './cli.ts';
import type { Command } from './command.ts';
import { flagUsage, optionSentence, usage } from './help.ts';
import { commonOptions } from './options.ts';
import { limitsPage, limitsProblems } from './testing/limits-page.ts';
import { code, table } from './testing/markdown.ts';

/*
 * The reference pages follow from the tables. When a table changed:
 * node --test --test-update-snapshots src/cli/reference.test.ts
 */

test('docs/reference/configuration.md says what the table of options says', (context) => {
  isCurrent(context, 'configuration.md', configurationPage());
});

test('docs/reference/cli.md says what the tables of the commands say', (context) => {
  isCurrent(context, 'cli.md', commandLinePage());
});

test('docs/reference/metrics.md says what the table of metrics says', (context) => {
  isCurrent(context, 'metrics.md', metricsPage());
});

test('docs/reference/limits.md says what the tables of options, bounds and metrics say', (context) => {
  isCurrent(context, 'limits.md', limitsPage(table));
});

test('every option that is a bound has its line among the limits, with a metric that exists', () => {
  assert.deepEqual(limitsProblems(), []);
});

test('docs/reference/system-topics.md says what the tables of values say', (context) => {
  isCurrent(context, 'system-topics.md', systemTopicsPage());
});

test('docs/reference/tables.md says what the tables of the device store are', (context) => {
  isCurrent(context, 'tables.md', tablesPage());
});

function isCurrent(context: TestContext, file: string, page: string): void {
  const path = fileURLToPath(new URL(`../../docs/reference/${file}`, import.meta.url));
  context.assert.fileSnapshot(page, path, { serializers: [(text) => text] });
}

function configurationPage(): string {
  const options: [string, Option<unknown>][] = Object.entries(configOptions);
  const sections = options.map(([name, option]) => {
    const facts = [
      `- Value: ${option.schema.expected}`,
      `- Default: ${option.default === undefined ? 'not set' : code(JSON.stringify(option.default))}`,
      `- Environment: ${code(environmentName(name))}`,
      ...(option.flag === undefined ? [] : [`- Flag: ${code(`--${option.flag}`)}`]),
    ];
    return `### ${name}\n\n${option.sentence}\n\n${facts.join('\n')}`;
  });
  const entries: [string, { fields: Readonly<Record<string, Schema<unknown>>> }][] = Object.entries(configEntries);
  const forms = entries.map(([name, { fields }]) => `### ${name}\n\n${fieldTable(fields)}`);
  return `${[configurationIntroduction, '## Options', ...sections, '## What lists and objects hold', ...forms, queueForm()].join('\n\n')}\n`;
}

function queueForm(): string {
  const rows = queueOptionRows.map((row) => {
    const fallback = row.default === undefined ? '' : code(JSON.stringify(row.default));
    const range = row.min === undefined ? row.kind : `${row.kind}, ${row.min} to ${row.max}`;
    const only = row.only === undefined ? '' : ` Of a ${row.only} queue only.`;
    const fixed = row.immutable === undefined ? '' : ' Stays as the queue was made.';
    return [code(row.name), row.choices?.map(code).join(', ') ?? range, fallback, `${row.sentence}${only}${fixed}`];
  });
  return `### queues.NAME\n\n${table(['field', 'value', 'default', 'what it does'], rows)}`;
}

const configurationIntroduction = `# Configuration

An option is set by its flag of \`sluice start\`, by its environment variable, or in a config file; the first of these that
names it wins, and after them its default. The config file is the one of \`--config FILE\` (or \`SLUICE_CONFIG\`), else
\`sluice.config.ts\`, \`sluice.config.js\` or \`sluice.config.json\` in the working directory. A module exports the options as its
default export. Names nest at their dots: \`mqtt.port\` is \`{ "mqtt": { "port": 1883 } }\`. In the environment, lists and
objects are JSON. A relative path in a config file is relative to that file. An unknown name is an error, with the nearest known one.`;

function fieldTable(fields: Readonly<Record<string, Schema<unknown>>>): string {
  const rows = Object.entries(fields).map(([name, schema]) => {
    const absent = schema.absent === undefined ? 'needed' : code(JSON.stringify(schema.absent.value) ?? 'not set');
    return [code(name), schema.expected, absent];
  });
  return table(['field', 'value', 'default'], rows);
}

function metricsPage(): string {
  const rows = metricTable.map((row) => [
    code(row.name),
    row.type,
    row.labels.map(code).join(', '),
    unitOf(row.name),
    row.help,
  ]);
  const reasons = (meanings: Readonly<Record<string, string>>): string =>
    table(
      ['`reason`', 'meaning'],
      Object.entries(meanings).map(([reason, meaning]) => [code(reason), meaning]),
    );
  return `${[
    metricsIntroduction,
    table(['metric', 'type', 'labels', 'unit', 'meaning'], rows),
    '## Why a message was dropped',
    reasons(dropReasons),
    '## Why a client was not read',
    reasons(pauseCauses),
    processMetrics,
  ].join('\n\n')}\n`;
}

const metricsIntroduction = `# Metrics

\`GET /metrics\` answers them in the text format of Prometheus, to administrators. A counter begins at 0 with the process; a gauge
is what there is at the moment of asking. Counting costs an addition; the page is made when it is asked for.`;

const processMetrics = `## The process

\`process_*\` and \`nodejs_*\` are those of prom-client: memory by kind, CPU time, open files, active handles, the heap by space,
and pauses of the garbage collector as the histogram \`nodejs_gc_duration_seconds\`.`;

function systemTopicsPage(): string {
  const values = brokerValueRows.map(({ name, meaning }) => [code(`$SYS/broker/${name}`), meaning]);
  const loads = Object.keys(loadNames).map((name) => code(`$SYS/broker/load/${name}/{1min,5min,15min}`));
  const queues = queueLevelRows.map(([name, meaning]) => [code(`$SYS/queues/QUEUE/${name}`), meaning]);
  const events = Object.entries(queueEventRows).map(([event, [meaning, detail]]) => [
    code(`$events/queue/QUEUE/${event}`),
    meaning,
    detail,
  ]);
  const driverEvents = Object.entries(driverEventRows).map(([event, [meaning, detail]]) => [
    code(`$events/driver/DRIVER/${event}`),
    meaning,
    detail,
  ]);
  return `${[
    systemTopicsIntroduction,
    table(['topic', 'value'], [...systemTexts, ...values]),
    '## Loads',
    loadsIntroduction,
    loads.map((name) => `- ${name}`).join('\n'),
    '## Queues',
    'Of the first 1,000 queues.',
    table(['topic', 'value'], queues),
    '## Events of queues',
    eventsIntroduction,
    table(['topic', 'what happened', 'what its payload says of it'], events),
    '## Events of drivers',
    driverEventsIntroduction,
    table(['topic', 'what happened', 'what its payload says of it'], driverEvents),
  ].join('\n\n')}\n`;
}

const systemTopicsIntroduction = `# Topics under $SYS

What the server tells of itself, under the names that Mosquitto uses. A new subscription gets the values of this moment at once, with RETAIN
set; after that a value is published when it has changed, every \`mqtt.sysIntervalSeconds\`, at QoS 0. Nothing of it is on disk, and nothing
is computed while nobody listens. \`#\` and \`+/…\` do not match these topics [MQTT-4.7.2-1]. Reading them takes a rule that allows their
filter; nobody can publish there. Totals begin at 0 with the process.`;

const eventsIntroduction = `Published when it happens, at QoS 1, without RETAIN, as JSON with \`queue\`, \`event\` and \`at\` (milliseconds since the Unix epoch). Reading them takes a
rule that allows their filter, nobody else can publish there, and a queue can be bound to them. Consumers that come and go and messages that
die are told of at once and then at most once a second, with the last of them and how many there were in \`count\`. \`full\`, \`room\` and alerts follow from a look
at every queue once in five seconds.`;

const driverEventsIntroduction = `In the same way, with \`driver\`, \`version\`, \`event\` and \`at\`, from a look at every driver once in five seconds.`;

const systemTexts = [
  [code('$SYS/broker/version'), 'The name and version of the server'],
  [code('$SYS/broker/uptime'), 'Seconds since the start, as "N seconds"'],
];

const loadsIntroduction = `How much a minute, averaged exponentially over one, five and fifteen minutes. \`connections\` are CONNECT packets, \`sockets\` connections
accepted.`;

function commandLinePage(): string {
  return `${['# Command line', 'Exit status: 0 done, 1 failed, 2 wrongly called.', ...commandSections(root, ['sluice'])].join('\n\n')}\n`;
}

function commandSections(command: Command, path: readonly string[]): string[] {
  const own = [`## ${path.join(' ')}`, `${command.summary}.`, `\`\`\`\n${usage(command, path)}\n\`\`\``];
  const below = command.commands.map((each) => [code(each.name), `${each.summary}.`]);
  if (below.length > 0) own.push(table(['command', 'what it does'], below));
  const operands = command.operands.map((each) => [code(each.name), each.sentence]);
  const options = Object.entries(command.run === undefined ? commonOptions : command.options).map(([name, option]) => [
    code(flagUsage(name, option)),
    optionSentence(option),
  ]);
  if (operands.length + options.length > 0)
    own.push(table(['operand or option', 'meaning'], [...operands, ...options]));
  if (command.note !== undefined) own.push(command.note);
  return [...own, ...command.commands.flatMap((each) => commandSections(each, [...path, each.name]))];
}

function tablesPage(): string {
  const database = openForWriting(':memory:');
  const rows = database
    .prepare('SELECT type, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name')
    .all();
  database.close();
  const statements = rows.map(({ sql }) => `${String(sql).replace(/^ {2}/gm, '')};`);
  return [
    '# Tables of the device store',
    'What `devices.sqlite` in the data folder has, for reading: [how, and some queries](../sql.md). All times are milliseconds since the Unix epoch.',
    `\`\`\`sql\n${statements.join('\n\n')}\n\`\`\``,
    '',
  ].join('\n\n');
}
