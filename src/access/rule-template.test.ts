// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRule, filledFilter as filled, type RuleValues } from './rule-template.ts';

const values = { clientId: 'c1', username: 'ann', deviceId: undefined, deviceType: undefined };

const filledFilter = (filter: string, given: RuleValues): string | undefined => filled(filter, given, 'nothing');

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

test('an attribute of the device fills in its name, and none that could widen the rule or that it does not have', () => {
  const filter = 'sites/${attributes.site}/#';
  const given = (site: string): RuleValues => ({ ...values, attributes: { site } });
  assert.equal(filledFilter(filter, given('north')), 'sites/north/#');
  for (const site of ['', '+', '#', 'a/b', '../x', '$SYS', 'a\0'])
    assert.equal(filledFilter(filter, given(site)), undefined, JSON.stringify(site));
  for (const name of ['other', '__proto__', 'constructor', 'toString'])
    assert.equal(filledFilter(`sites/\${attributes.${name}}`, given('north')), undefined, name);
  assert.equal(filledFilter(filter, values), undefined);
  assert.equal(filled('sites/${attributes.site}/x', given('a/b'), 'everything below'), 'sites/#');
  assert.throws(() => checkRule({ action: 'all', filter: 'a/${attributes.}' }, '"ann"'), /not \$\{attributes\.\}/);
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

test('a name that would change what a rule matches does not escape a rule that denies', () => {
  for (const clientId of ['+', '#', 'a/b', '', '$SYS', '/']) {
    const denied = (filter: string) => filled(filter, { ...values, clientId }, 'everything below');
    assert.equal(denied('private/${clientId}/x'), 'private/#', clientId);
    assert.equal(denied('private/a-${clientId}'), 'private/#', clientId);
    assert.equal(denied('private/${username}/${clientId}'), 'private/ann/#', clientId);
    assert.equal(denied('${clientId}/#'), '#', clientId);
  }
  assert.equal(filled('devices/${deviceId}/#', values, 'everything below'), undefined);
  assert.equal(filled('private/${clientId}', values, 'everything below'), 'private/c1');
});
