import { silentLog } from '../../../std/log.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { messageOf, publish } from '../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../engine.ts';

/*
 * For move/crash.test.ts: moves messages to and fro between two queues until it is killed. `node move-crash-child.ts FOLDER
 * COUNT`. What it begins with, it puts there when there is nothing. Standard output gets a dot for each commit from then on.
 */
const [folder, count] = process.argv.slice(2);
const environment = new Environment(folder);
const commit = new GroupCommit({ environment });
const hot = { bytesMax: 40_000, messagesMax: 200, queueBytesMin: 4_000, queueMessagesMin: 20 };
const engine = new EmbeddedEngine({ environment, commit, log: silentLog, hot });
await engine.start();
await engine.declare('left', { bindings: [{ filter: 'crash' }] });
await engine.declare('right', {});
const present = (await engine.stats('left')).ready + (await engine.stats('right')).ready;
if (present === 0) await Promise.all(Array.from({ length: Number(count) }, (_, number) => put(number)));

void keepMoving('left', 'right', 'even');
void keepMoving('right', 'left', 'even');
void keepMoving('left', 'right', 'odd');
void keepMoving('right', 'left', 'odd');
for (;;) {
  await commit.flushed();
  process.stdout.write('.');
}

function put(number: number): Promise<void> {
  const userProperties = [['kind', number % 2 === 0 ? 'even' : 'odd']] as const;
  const message = messageOf(`${number}`, { topic: 'crash', properties: { userProperties } });
  return publish(engine.route('crash'), message);
}

async function keepMoving(from: string, to: string, kind: string): Promise<void> {
  const edit = { setUserProperties: [['moved', 'yes']] } as const;
  for (;;) {
    const { id } = await engine.startMove({ from, to, filter: { headers: { kind } }, edit });
    await engine.moveStatus(id, 60_000);
  }
}
