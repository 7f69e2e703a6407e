import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, turns } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

test('ids that came while deduplication was on are forgotten when it is off, after a restart too', async () => {
  const under = await new TestEngine({ storage: new StorageDouble() }).open();
  const rows = (): number =>
    ['deduplication', 'deduplication-expiry'].reduce((sum, table) => {
      const keys = under.environment.readKeys(table as 'deduplication', Buffer.alloc(1), Buffer.alloc(5, 0xff), 100);
      return sum + keys.length;
    }, 0);
  const on = { scope: 'queue', windowMs: 5_000 } as const;
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }], deduplication: on });
  const properties = { userProperties: [['sluice-dedup-id', 'a']] } as const;
  await publish(under.engine.route('orders/new'), messageOf('1', { properties }));
  assert.equal(rows(), 2);
  await under.engine.declare('orders', { deduplication: { scope: 'off' } });
  await under.reopen();
  for (let second = 0; second < 7; second++) {
    under.clock.advance(1_000);
    await turns();
    await under.commit.flushed();
  }
  assert.equal(rows(), 0);
  await under.close();
});

test('an id that comes again while its first time is being forgotten leaves rows that agree, whenever they are flushed', async () => {
  const under = await new TestEngine({ storage: new StorageDouble() }).open();
  const deduplication = { scope: 'queue', windowMs: 1_000 } as const;
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }], deduplication });
  const properties = { userProperties: [['sluice-dedup-id', 'a']] } as const;
  await publish(under.engine.route('orders/new'), messageOf('1', { properties }));
  // Both windows end before anything of this turn is on disk.
  under.clock.advance(1_000);
  const again = publish(under.engine.route('orders/new'), messageOf('2', { properties }));
  under.clock.advance(1_000);
  await again;
  // Opens what is on disk, and looks at whether its rows agree.
  await under.cutPower();
  await under.close();
});

test('by key, an id without a key is another one than that id in the whole queue', async () => {
  const under = await new TestEngine({ storage: new StorageDouble() }).open();
  const options = { bindings: [{ filter: 'orders/#' }], orderingKey: 'property:customer' } as const;
  await under.engine.declare('orders', { ...options, deduplication: { scope: 'queue' } });
  const send = (text: string, ...more: readonly (readonly [string, string])[]): Promise<void> => {
    const properties = { userProperties: [['sluice-dedup-id', 'a'], ...more] } as const;
    return publish(under.engine.route('orders/new'), messageOf(text, { properties }));
  };
  await send('1');
  await under.engine.declare('orders', { deduplication: { scope: 'key' } });
  await send('2');
  await send('again');
  await send('3', ['customer', 'ann']);
  const { messages } = await under.engine.browse('orders', { from: 0, limit: 10 });
  assert.deepEqual(
    messages.map(({ message }) => message.payload.toString()),
    ['1', '2', '3'],
  );
  await under.close();
});
