import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract } from './contract.ts';
import { serve } from './testing/served.ts';
import { compileSchema } from './validation.ts';

test('the OpenAPI document has every route of the contract and no other', async (t) => {
  const { call } = await serve(t);
  const { status, body } = await call('GET', '/v1/openapi.json');
  assert.equal(status, 200);
  assert.equal(body.openapi, '3.1.0');
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(documented.sort(), contract.map(({ method, path }) => `${method} ${path}`).sort());
});

test('every operation of the document says what it takes, answers and refuses', async (t) => {
  const { call } = await serve(t);
  const { paths } = (await call('GET', '/v1/openapi.json')).body;
  for (const row of contract) {
    const where = `${row.method} ${row.path}`;
    const operation = paths[row.path][row.method.toLowerCase()];
    assert.equal(operation.summary, row.summary, where);
    assert.deepEqual(Object.keys(operation.responses), [...Object.keys(row.schemas.responses), 'default'], where);
    for (const response of Object.values(operation.responses) as { description: string }[]) {
      assert.ok(response.description.length > 0 && response.description !== 'Default Response', where);
    }
    assert.ok('application/problem+json' in operation.responses.default.content, where);
    const names = (operation.parameters ?? [])
      .filter((each: { in: string }) => each.in === 'path')
      .map((each: { name: string }) => each.name);
    assert.deepEqual(names.sort(), [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(), where);
    const { schemas, rawBody, bodyStream } = row;
    const takesBody = [schemas.body, rawBody, bodyStream].some((each) => each !== undefined);
    assert.equal(operation.requestBody !== undefined, takesBody, where);
  }
});

test('every row of the contract is one route with a sentence', () => {
  assert.equal(new Set(contract.map(({ method, path }) => `${method} ${path}`)).size, contract.length);
  for (const { summary, path } of contract) assert.match(summary, /^[A-Z].*[^.]$/, path);
});

test('every schema of the contract can be compiled: the first request that needs it is too late to find out', () => {
  for (const { schemas, method, path } of contract) {
    const parts = { params: schemas.params, querystring: schemas.query, headers: schemas.headers, body: schemas.body };
    for (const [httpPart, schema] of Object.entries(parts)) {
      if (schema === undefined) continue;
      assert.doesNotThrow(() => compileSchema({ schema, httpPart })({}), `${httpPart} of ${method} ${path}`);
    }
  }
});
