import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import specs from '@asyncapi/specs';
import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft07 from 'ajv/dist/refs/json-schema-draft-07.json' with { type: 'json' };
import formats from 'ajv-formats';
import { serve } from '../testing/served.ts';

const number = { type: 'object', properties: { t: { type: 'number' } }, required: ['t'] };

/** Names at the edges of what a name may be, and schemas that say whatever a schema may say. */
const types: Record<string, object> = {
  meter: { schemas: { telemetry: number } },
  'a:b.c_d-E': { eventTypes: { alarm: {}, 'alarm.*': {}, 'alarm.fire': { mode: 'inline' } } },
  [`${'x'.repeat(127)}:`]: { schemas: { ['y'.repeat(128)]: {} } },
  constructor: {
    schemas: { constructor: number, 'a.b-c_d': { $defs: { '/~ "ü': number }, $ref: '#/$defs/~1~0%20%22%C3%BC' } },
  },
  schemas: {
    schemas: {
      telemetry: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        description: 'Ünïcode ✓ / {deviceId} #/channels ~1',
        properties: { 'a/b': { type: 'string' }, '{t}': { $ref: '#' }, 'é 😀': { const: null } },
        patternProperties: { '^[\\p{L}/]+$': { enum: ['/', '~', '{x}'] } },
      },
      old: { $schema: 'http://json-schema.org/draft-07/schema#', definitions: { t: number }, $ref: '#/definitions/t' },
    },
  },
};

async function serveTypes(t: TestContext) {
  const served = await serve(t);
  for (const [name, type] of Object.entries(types)) {
    const { status, body } = await served.call('PUT', `/v1/device-types/${name}`, type);
    assert.ok(status < 300, JSON.stringify(body));
  }
  return served;
}

test('the AsyncAPI document is one by the schema of AsyncAPI 3, whatever types, events and schemas are called', async (t) => {
  const { call } = await serveTypes(t);
  const isAsyncApi = officialAsyncApi();
  const empty: object = (await (await serve(t)).call('GET', '/v1/asyncapi.json')).body;
  const full: object = (await call('GET', '/v1/asyncapi.json')).body;
  for (const document of [empty, full]) {
    assert.ok(isAsyncApi(document), JSON.stringify(isAsyncApi.errors?.slice(0, 3)));
    assertReferencesHold(document);
  }
  // The schema is one that can say no.
  assert.ok(!isAsyncApi({ ...full, operations: { broken: { action: 'take', channel: { $ref: '#/channels/x' } } } }));
  assert.ok(!isAsyncApi({ ...full, channels: { broken: { address: 5 } } }));
});

test('every schema of the AsyncAPI document can be used as it stands there', async (t) => {
  const { call } = await serveTypes(t);
  const { channels } = (await call('GET', '/v1/asyncapi.json')).body;
  const payloads = Object.values(channels as Record<string, { messages: Record<string, { payload?: Payload }> }>)
    .flatMap(({ messages }) => Object.values(messages))
    .flatMap(({ payload }) => (payload === undefined ? [] : [payload]));
  assert.ok(payloads.length > 10);
  for (const { schema } of payloads) assertUsable(schema);
});

test('the OpenAPI document of each device type has all that OpenAPI 3.1 asks for, and references that hold', async (t) => {
  const { call } = await serveTypes(t);
  for (const name of Object.keys(types)) {
    const document = (await call('GET', `/v1/device-types/${name}/openapi.json`)).body;
    assertOpenApi(document);
    for (const [path, { post }] of Object.entries(document.paths as Record<string, { post: Posting }>)) {
      assert.match(path, /^\/v1\/devices\/\{id\}\/(telemetry|events\/[a-z0-9._-]+)$/);
      assertUsable(post.requestBody.content['application/json'].schema);
    }
  }
});

test('the OpenAPI document of the server has all that OpenAPI 3.1 asks for, and references that hold', async (t) => {
  const { call } = await serve(t);
  assertOpenApi((await call('GET', '/v1/openapi.json')).body);
});

/** By a checker that knows draft-07 as well: an embedded schema may name it. */
function assertUsable(schema: AnySchemaObject): void {
  const isOlder = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  const ajv = new (isOlder ? Ajv : Ajv2020)({ strict: false, logger: false });
  if (!isOlder) ajv.addMetaSchema(draft07);
  assert.equal(typeof ajv.compile(schema), 'function');
}

interface Payload {
  readonly schema: AnySchemaObject;
}

interface Posting {
  readonly requestBody: { readonly content: { readonly 'application/json': Payload } };
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly operationId?: string;
  readonly security?: readonly object[];
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: object };
  readonly security: readonly object[];
}

/** What the specification says of documents, paths, parameters and responses. */
function assertOpenApi(document: OpenApi): void {
  assert.match(document.openapi, /^3\.1\.\d+$/);
  assert.ok(document.info.title !== '' && document.info.version !== '');
  const schemes = Object.keys(document.components.securitySchemes);
  const ids = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    assert.ok(path.startsWith('/'), path);
    const variables = Array.from(path.matchAll(/\{([^{}]+)\}/g), ([, name]) => name);
    for (const [method, { parameters = [], responses, operationId, security = [] }] of Object.entries(item)) {
      const where = `${method} ${path}`;
      assert.match(method, /^(get|put|post|delete|options|head|patch|trace)$/, where);
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      assert.deepEqual(inPath.map(({ name }) => name).sort(), variables.sort(), where);
      assert.ok(
        inPath.every(({ required }) => required === true),
        where,
      );
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      assert.equal(new Set(names).size, names.length, `${where} has a parameter twice`);
      assert.ok(Object.keys(responses).length > 0, where);
      for (const [status, { description }] of Object.entries(responses)) {
        assert.match(status, /^([1-5]\d\d|[1-5]XX|default)$/, where);
        assert.equal(typeof description, 'string', `${where} ${status}`);
      }
      for (const scheme of [...security, ...document.security].flatMap(Object.keys))
        assert.ok(schemes.includes(scheme));
      if (operationId === undefined) continue;
      assert.ok(!ids.has(operationId), `${operationId} is there twice`);
      ids.add(operationId);
    }
  }
  assertReferencesHold(document);
}

/** Each reference from the root of the document leads to something; those inside a schema with an `$id` are its own. */
function assertReferencesHold(document: object): void {
  const todo: unknown[] = [document];
  for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
    if (typeof item !== 'object' || item === null || '$id' in item) continue;
    if ('$ref' in item && typeof item.$ref === 'string') assert.ok(found(document, item.$ref), item.$ref);
    todo.push(...Object.values(item).filter((each) => each !== undefined));
  }
}

function found(document: object, reference: string): boolean {
  assert.match(reference, /^#\//);
  const keys = reference
    .slice(2)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  let at: unknown = document;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}

/** It brings draft-07 along, which Ajv has already. */
function officialAsyncApi(): ValidateFunction {
  const { definitions, ...schema } = specs.schemas['3.0.0'] as AnySchemaObject;
  const own = Object.entries(definitions).filter(([id]) => !id.startsWith('http://json-schema.org/draft-07/'));
  const ajv = new Ajv({ strict: false, logger: false });
  formats.default(ajv);
  return ajv.compile({ ...schema, definitions: Object.fromEntries(own) });
}
