import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './testing/served.ts';

test('a body that is no JSON is refused with the place where it stops being any', async (t) => {
  const { call } = await serve(t);
  const put = (body: string) => call('PUT', '/v1/device-types/meter', body, { 'content-type': 'application/json' });
  const broken = await put('{"mode": "inline",\n "fPort": 2]');
  assert.deepEqual([broken.status, broken.body.code], [400, 'payload_unreadable']);
  assert.match(broken.body.detail, /^Send a body that is valid JSON: .* position 30 \(line 2 column 12\)$/);
  const reaching = await put('{"__proto__": {"mode": "inline"}}');
  assert.deepEqual([reaching.status, reaching.body.code], [400, 'payload_unreadable']);
  assert.match(reaching.body.detail, /without the names "__proto__"/);
});
