import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Evidence, type Shown, type Statement, statementsOf, type Version } from './evidence.ts';

/*
 * Every normative statement of appendix B, and where it is met. When a row or a vector changed:
 * node --test --test-update-snapshots test/conformance/statements.test.ts
 */

const evidence = new Evidence();

/** How many statements each section has, by version. Numbers begin at 1; those of 2.2.1 in MQTT 5 at 2. */
const counts: Readonly<Record<Version, string>> = {
  4: '1.5.3:3 2.2.2:2 2.3.1:7 3.1.0:2 3.1.2:24 3.1.3:11 3.1.4:5 3.2.0:1 3.2.2:6 3.3.1:12 3.3.2:3 3.3.4:1 3.3.5:2 3.6.1:1 3.8.1:1 3.8.3:4 3.8.4:6 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.12.4:1 3.14.1:1 3.14.4:3 4.1.0:2 4.3.1:1 4.3.2:2 4.3.3:2 4.4.0:1 4.5.0:2 4.6.0:6 4.7.1:3 4.7.2:1 4.7.3:4 4.8.0:2 6.0.0:4 7.0.0:2 7.1.1:1 7.1.2:1',
  5: '1.5.4:3 1.5.5:1 1.5.7:1 2.1.3:1 2.2.1:5 2.2.2:1 3.1.0:2 3.1.2:30 3.1.3:12 3.1.4:6 3.2.0:2 3.2.2:22 3.3.1:13 3.3.2:20 3.3.4:10 3.4.2:3 3.5.2:3 3.6.1:1 3.6.2:3 3.7.2:3 3.8.1:1 3.8.3:5 3.8.4:8 3.9.2:2 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.11.2:2 3.11.3:2 3.12.4:1 3.14.0:1 3.14.1:1 3.14.2:4 3.14.4:3 3.15.1:1 3.15.2:3 4.1.0:2 4.2.0:1 4.3.1:1 4.3.2:5 4.3.3:13 4.4.0:2 4.5.0:2 4.6.0:6 4.7.0:1 4.7.1:2 4.7.2:1 4.7.3:4 4.8.2:6 4.9.0:3 4.12.0:7 4.12.1:2 4.13.1:1 4.13.2:1 6.0.0:4',
};

for (const version of [4, 5] as const) {
  const title = version === 4 ? 'MQTT 3.1.1' : 'MQTT 5';

  test(`the statements of ${title} are all there, once`, () => {
    const statements = statementsOf(version);
    assert.equal(new Set(statements.map(({ id }) => id)).size, statements.length);
    assert.equal(countsOf(statements), counts[version]);
    for (const [section, numbers] of sectionsOf(statements)) {
      const first = version === 5 && section === '2.2.1' ? 2 : 1;
      assert.deepEqual(
        numbers,
        numbers.map((_, at) => first + at),
        section,
      );
    }
  });

  test(`every statement of ${title} that binds a server is met by something that exists`, () => {
    for (const statement of statementsOf(version)) {
      const shown = evidence.of(statement, version);
      if (statement.bindsServer === false) assert.ok(statement.reason, statement.id);
      else assert.notEqual(shown.length, 0, `${statement.id} is met by nothing`);
      for (const each of shown)
        assert.ok(evidence.exists(each), `${statement.id}: there is no ${each.kind} "${each.name}"`);
    }
  });
}

test('docs/reference/mqtt-conformance.md says where each statement is met', (context) => {
  const path = fileURLToPath(new URL('../../docs/reference/mqtt-conformance.md', import.meta.url));
  context.assert.fileSnapshot(page(), path, { serializers: [(text) => text] });
});

function sectionsOf(statements: readonly Statement[]): Map<string, number[]> {
  const sections = new Map<string, number[]>();
  for (const { id } of statements) {
    const [, section, number] = /^MQTT-([\d.]+)-(\d+)$/.exec(id) ?? assert.fail(`"${id}" is no statement`);
    sections.set(section, [...(sections.get(section) ?? []), Number(number)]);
  }
  return sections;
}

function countsOf(statements: readonly Statement[]): string {
  return [...sectionsOf(statements)].map(([section, { length }]) => `${section}:${length}`).join(' ');
}

function page(): string {
  return `${[introduction, ...versionPart(4, 'MQTT 3.1.1'), ...versionPart(5, 'MQTT 5')].join('\n\n')}\n`;
}

const introduction = `# MQTT conformance

Every normative statement of MQTT 3.1.1 and MQTT 5 (appendix B of each), what it asks in a few words, and where Sluice meets it:
**test**, a test by its name; **vector**, exact bytes against a running server, in \`test/conformance\`; **source**, where the
rule is kept by construction. Reason codes that the standard leaves open: \`docs/decisions/0037\`.`;

function versionPart(version: Version, title: string): string[] {
  const statements = statementsOf(version);
  const binding = statements.filter(({ bindsServer }) => bindsServer !== false).length;
  const rows = statements.map((statement) => `| ${statement.id} | ${statement.asks} | ${answer(statement, version)} |`);
  return [
    `## ${title}`,
    `${statements.length} statements, ${binding} of which bind this server.`,
    ['| statement | what it asks | where it is met |', '| --- | --- | --- |', ...rows].join('\n'),
  ];
}

function answer(statement: Statement, version: Version): string {
  if (statement.bindsServer === false) return statement.reason as string;
  return evidence.of(statement, version).map(shownAs).join('<br>');
}

function shownAs({ kind, name }: Shown): string {
  return `**${kind}** ${kind === 'source' ? `\`${name}\`` : name.replaceAll('|', '\\|')}`;
}
