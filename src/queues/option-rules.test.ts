import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueOptionRows } from './option-rows.ts';
import { optionsProblem } from './option-rules.ts';
import type { QueueOptions } from './options.ts';
import { resolveOptions } from './resolve-options.ts';

const defaults = resolveOptions('q', {});

test('what each option allows and another forbids is refused with what to do', () => {
  const key = { orderingKey: 'topic' };
  const refused: [Partial<QueueOptions>, RegExp][] = [
    [{ ordering: 'key' }, /ordering by key needs a key: set option "orderingKey"/],
    [{ dispatch: 'sticky' }, /dispatch "sticky" needs a key: set option "orderingKey"/],
    [{ deduplication: { scope: 'key', windowMs: 1_000 } }, /deduplication by key needs a key/],
    [{ rateLimit: { in: 0, out: 0, perKey: { in: 0, out: 1 } } }, /a rate limit per key needs a key/],
    [{ lastValue: { key: 'topic' }, ordering: 'total' }, /leave option "ordering" at "none"/],
    [{ lastValue: { key: 'topic' }, priorities: 2 }, /leave option "priorities" at 1/],
    [{ lastValue: { key: 'topic' }, delayMs: 1 }, /leave option "delayMs" at 0/],
    [{ ...key, ordering: 'key', priorities: 2 }, /choose one of options "ordering" and "priorities"/],
    [{ overflow: 'drop_lowest_priority' }, /set option "priorities" to 2 or more/],
    [{ backoff: { ...defaults.backoff, kind: 'list' } }, /set option "backoff.delaysMs"/],
    [{ kind: 'log', durability: 'memory' }, /set option "durability" to "sync" or "async"/],
    [
      { kind: 'log', limits: { messages: 1, bytes: 0 } },
      /leave out option "limits.messages": only a work queue has it/,
    ],
    [{ kind: 'log', lastValue: { key: 'topic' } }, /leave out option "lastValue.key": only a work queue/],
    [{ retention: { ...defaults.retention, bytes: 1 } }, /leave out option "retention.bytes": only a log queue/],
    [{ group: { ...defaults.group, start: 'earliest' } }, /leave out option "group.start": only a log queue/],
  ];
  for (const [given, problem] of refused) assert.match(optionsProblem({ ...defaults, ...given }) ?? '', problem);
});

test('what goes together is not refused', () => {
  const accepted: Partial<QueueOptions>[] = [
    {},
    { kind: 'log' },
    { kind: 'log', ordering: 'key', orderingKey: 'topic', retention: { ...defaults.retention, compact: 'topic' } },
    { ordering: 'total', delayMs: 5, overflow: 'drop_oldest' },
    { priorities: 3, overflow: 'drop_lowest_priority', durability: 'memory' },
    { lastValue: { key: 'json:$.id' }, dispatch: 'sticky', orderingKey: 'topic:2' },
    { backoff: { ...defaults.backoff, kind: 'list', delaysMs: [1, 2] } },
  ];
  for (const given of accepted) assert.equal(optionsProblem({ ...defaults, ...given }), undefined);
});

test('what cannot change is what a queue is; the key can as long as nothing is ordered by it', () => {
  const names = (current: QueueOptions): string[] =>
    queueOptionRows.filter(({ immutable }) => immutable?.(current)).map(({ name }) => name);
  assert.deepEqual(names(defaults), ['kind', 'ordering', 'lastValue.key']);
  assert.deepEqual(names({ ...defaults, ordering: 'key' }), ['kind', 'ordering', 'orderingKey', 'lastValue.key']);
});
