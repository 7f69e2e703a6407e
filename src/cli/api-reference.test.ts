import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDeviceTopic } from '../pipeline/device-topic.ts';
import { apiPage } from './testing/api-page.ts';
import { errorsPage } from './testing/errors-page.ts';
import { topicsPage, upwardTopics } from './testing/topics-page.ts';

/*
 * These pages follow from the contract and the catalogue. When either changed:
 * node --test --test-update-snapshots src/cli/api-reference.test.ts
 */

test('docs/reference/http-api.md says what the contract says', (context) => {
  isCurrent(context, 'http-api.md', apiPage());
});

test('docs/reference/errors.md says what the catalogue of errors says', (context) => {
  isCurrent(context, 'errors.md', errorsPage());
});

test('docs/reference/device-topics.md says what the tables of topics and properties say', (context) => {
  isCurrent(context, 'device-topics.md', topicsPage());
});

test('every topic that the reference gives devices is one that the pipeline takes', () => {
  for (const [, , example, eventType] of upwardTopics) {
    assert.deepEqual(parseDeviceTopic(example), { deviceId: 'meter-7', eventType });
  }
});

function isCurrent(context: TestContext, file: string, page: string): void {
  const path = fileURLToPath(new URL(`../../docs/reference/${file}`, import.meta.url));
  context.assert.fileSnapshot(page, path, { serializers: [(text) => text] });
}
