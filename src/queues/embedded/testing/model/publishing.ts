import assert from 'node:assert/strict';
import { messageOf } from '../../../testing/recording-consumer.ts';
import type { World } from './world.ts';

export function publish(world: World): void {
  const { random, under } = world;
  const topic = random.pick(['t/a', 't/both', 't/b']);
  const waiter = {
    receipt: (_tag: number, failure: Error | undefined) => {
      assert.equal(failure, undefined);
      world.receipts++;
    },
  };
  for (let count = random.between(1, 12); count > 0; count--) {
    const id = `m${world.published++}`;
    for (const name of topic === 't/b' ? ['b'] : ['a', 'b']) world.queue(name).enqueue(id, true);
    const properties = { userProperties: [['digit', id.slice(-1)]] } as const;
    assert.equal(under.engine.route(topic)?.admit(messageOf(id, { topic, properties }), waiter, 0), true);
  }
}
