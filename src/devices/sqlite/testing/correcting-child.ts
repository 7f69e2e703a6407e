import { silentLog } from '../../../std/log.ts';
import { testDevice, testDeviceType, testMessage } from '../../testing/store-samples.ts';
import { SqliteStore } from '../store.ts';

/*
 * For corrections-crash.test.ts: `node correcting-child.ts FILE COUNT`. Stores messages of two readings each where there are
 * none, and corrects all of them to one generation after the other until it is killed. Standard output gets a dot for each
 * slice that was corrected.
 */
const [path, count] = process.argv.slice(2);
const store = new SqliteStore({ path, log: silentLog });
await store.start();
await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
if ((await store.registry.device('a')) === undefined) await begin();
for (let generation = await newest(); ; generation++) await correctAll(generation);

async function begin(): Promise<void> {
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  const messages = Array.from({ length: Number(count) }, (_, n) =>
    testMessage({ deviceId: 'a', messageId: `m-${n}`, readings: readings(n, 0) }),
  );
  await store.readings.apply(messages);
}

/** Goes on with the one that was cut short, from its beginning, as an operator does. */
async function newest(): Promise<number> {
  const rows = await store.readings.history({ deviceId: 'a', limit: 10_000 });
  return Math.max(1, ...rows.map(({ data }) => Number(data.generation)));
}

async function correctAll(generation: number): Promise<void> {
  const query = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 20 };
  let place: { after: number; end: number | undefined } = { after: 0, end: undefined };
  for (;;) {
    const { messages, next, end } = await store.raw.slice({ ...query, ...place });
    const corrections = messages.map((message) => {
      const n = Number(message.messageId.slice(2));
      return { ...message, processedAt: 3_000, readings: readings(n, generation) };
    });
    await store.raw.correct(corrections);
    process.stdout.write('.');
    if (next === undefined) return;
    place = { after: next, end };
  }
}

function readings(n: number, generation: number) {
  const reading = (eventType: string) => ({ eventType, time: 1_000 + n, seq: undefined, data: { n, generation } });
  return [reading('left'), reading('right')];
}
