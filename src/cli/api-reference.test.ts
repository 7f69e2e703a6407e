import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apiPage } from './testing/api-page.ts';
import { errorsPage } from './testing/errors-page.ts';

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

function isCurrent(context: TestContext, file: string, page: string): void {
  const path = fileURLToPath(new URL(`../../docs/reference/${file}`, import.meta.url));
  context.assert.fileSnapshot(page, path, { serializers: [(text) => text] });
}
