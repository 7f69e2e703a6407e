import { silentLog } from '../../../std/log.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { messageOf, publish } from '../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../engine.ts';

/*
 * For move/copy-crash.test.ts: copies a log into one queue after the other, while more comes into it, until it is killed.
 * `node copy-crash-child.ts FOLDER RUN COUNT`. Standard output gets a dot for each commit from the first copy on.
 */
const [folder, run, count] = process.argv.slice(2);
let put = 0;
const environment = new Environment(folder);
const commit = new GroupCommit({ environment });
const hot = { bytesMax: 40_000, messagesMax: 200, queueBytesMin: 4_000, queueMessagesMin: 20 };
const engine = new EmbeddedEngine({ environment, commit, log: silentLog, hot });
await engine.start();
await engine.declare('log', { kind: 'log', bindings: [{ filter: 'crash' }] });
if ((await engine.stats('log')).ready === 0) await putSome(Number(count));

// Without a rate a commit has a full step, and with one a few messages.
void keepCopying('quick', 'work', undefined);
void keepCopying('slow', 'log', 20_000);
for (let turn = 0; ; turn++) {
  await (turn % 10 === 9 ? putSome(1) : commit.flushed());
  process.stdout.write('.');
}

function putSome(howMany: number): Promise<unknown> {
  const messages = Array.from({ length: howMany }, () => {
    const number = ++put;
    const userProperties = [['kind', number % 4 === 0 ? 'rare' : 'common']] as const;
    return messageOf(`${run}-${number}`, { topic: 'crash', properties: { userProperties } });
  });
  return Promise.all(messages.map((message) => publish(engine.route('crash'), message)));
}

async function keepCopying(name: string, kind: 'work' | 'log', rate: number | undefined): Promise<void> {
  for (let number = 1; ; number++) {
    const to = `${name}-${run}-${number}`;
    await engine.declare(to, { kind });
    const filter = { headers: { kind: 'common' } };
    const spec = { from: 'log', to, copy: true, start: String(10 * number), filter };
    const { id } = await engine.startMove(rate === undefined ? spec : { ...spec, rate });
    await engine.moveStatus(id, 60_000);
  }
}
