import assert from 'node:assert/strict';
import type { Scene } from './scene.ts';

export async function crash(scene: Scene): Promise<void> {
  scene.tell('the server', 'crashes');
  await scene.world.crash();
  scene.dead.length = 0;
  for (const client of scene.clients) client.closed();
  scene.reference.crash();
}

/** The server takes leave of everybody, and then starts again. */
export async function stop(scene: Scene): Promise<void> {
  scene.tell('the server', 'stops');
  scene.world.fixture.broker.sayGoodbye();
  for (const session of [...scene.reference.sessions.values()])
    if (session.link !== undefined) scene.reference.leave(session, true);
  await scene.world.settled();
  for (const { memory, link } of scene.clients) {
    if (memory === undefined || link === undefined) continue;
    // Wills of others may have come before the end, or are owed; which of them depends on the order of leave-taking.
    const last = memory.takeAll().at(-1);
    assert.equal(memory.ended, true, 'a connection outlives the server');
    if (link.version === 5)
      assert.equal(last !== undefined && 'reasonCode' in last ? last.reasonCode : undefined, 0x8b);
  }
  for (const { owed } of scene.reference.sessions.values()) for (const one of owed) one.mayComeWithDup = true;
  await crash(scene);
}
