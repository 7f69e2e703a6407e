// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRule, filledFilter } from './rule-template.ts';

const values = { clientId: 'c1', username: 'ann', deviceId: undefined, deviceType: undefined };

test('values stand where their names stood', () => {
  assert.equal(filledFilter('apps/${clientId}/${username}/#', values), 'apps/c1/ann/#');
  assert.equal(filledFilter('site-${username}/+', values), 'site-ann/+');
});

test('a rule with a name that has no value here matches nothing', () => {
  assert.equal(filledFilter('devices/${deviceId}/#', values), undefined);
});

test('a value that would change what the filter matches makes the rule match nothing', () => {
  const hostile = ['', '+', '#', 'a/b', 'a/#', '/', '$SYS', '$queue', '$share', 'a\0', '${username}/#', '#${username}'];
  for (const clientId of hostile) {
    assert.equal(filledFilter('${clientId}/#', { ...values, clientId }), undefined, JSON.stringify(clientId));
    assert.equal(filledFilter('apps/${clientId}', { ...values, clientId }), undefined, JSON.stringify(clientId));
  }
});

test('a value is taken as text, never as a replacement pattern or another template', () => {
  assert.equal(filledFilter('apps/${clientId}', { ...values, clientId: 'x$&y' }), 'apps/x$&y');
  assert.equal(filledFilter('apps/${clientId}', { ...values, clientId: 'x${username}' }), 'apps/x${username}');
});

test('a rule that can never be valid is refused with its owner and its fault', () => {
  const refused = (filter: string, fault: RegExp): void => {
    assert.throws(() => checkRule({ action: 'all', filter }, '"ann"'), fault);
  };
  refused('apps/${clientid}/#', /of "ann": it knows \$\{clientId\}.* not \$\{clientid\}/);
  refused('apps/#/x', /"apps\/#\/x" of "ann".*'#' stands alone/);
  refused('a${username}+', /'\+' stands alone/);
  refused('', /at least one character/);
  refused('$share/g/a', /without '\$share\/'/);
  checkRule({ action: 'publish', filter: '$queue/${username}' }, '"ann"');
});
