import type { DeadLetterGroup } from '../../queues/causes/dead-letter-groups.ts';
import type { MoveStatus } from '../../queues/move-spec.ts';
import type { RehearsalAnswer } from '../answers.ts';
import { formatRehearsal } from '../dead.ts';
import { formatGroups } from '../dead-list.ts';
import { mendedLht65, oyster9 } from './codecs.ts';
import { bringDriver, lht65Driver } from './registration.ts';
import { drain } from './traffic-steps.ts';
import { count, type Step, say, type World } from './world.ts';

const samplesShown = 3;

export const groupDeadLetters: Step = {
  title: 'Group the dead letters by their cause',
  async run(world) {
    const groups = await readGroups(world);
    sayBlock(world, formatGroups(groups));
    const messages = groups.reduce((sum, group) => sum + group.count, 0);
    say(world, `${count(messages)} messages, ${groups.length} causes`);
  },
};

export const mendDrivers: Step = {
  title: 'Mend the driver, and bring one for the firmware that nobody knew',
  async run(world) {
    await bringDriver(world.api(), {
      id: lht65Driver,
      version: '1.0.1',
      deviceType: 'dragino-lht65',
      script: mendedLht65,
    });
    say(world, 'dragino-lht65 1.0.1: a device without a probe is no surprise any more');
    await bringDriver(world.api(), {
      id: 'oyster-9',
      version: '1.0.0',
      deviceType: 'digital-matter-oyster',
      firmware: '>=9.0.0 <10.0.0',
      script: oyster9,
    });
    say(world, 'oyster-9 1.0.0: for digital-matter-oyster with firmware 9');
  },
};

export const rehearseReplay: Step = {
  title: 'Try the replay without doing it',
  async run(world) {
    const groups = await readGroups(world);
    for (const { fingerprint, code, driver, count: total } of groups) {
      const answer = await rehearse(world, { fingerprint });
      const becomes = tally((answer.rehearsal ?? []).map((each) => each.now));
      say(
        world,
        `${code} of ${driver ?? 'no driver'}, ${count(total)} messages; the first of them would be: ${becomes}`,
      );
    }
    const sample = await rehearse(world, { fingerprint: groups[0]?.fingerprint, limit: samplesShown });
    say(world, `the first ${samplesShown} of them one by one:`);
    sayBlock(world, formatRehearsal(sample));
  },
};

export const replayDeadLetters: Step = {
  title: 'Replay them',
  async run(world) {
    const { moved, skipped } = await world.api().post<MoveStatus>('/v1/dead-letters/replay');
    say(
      world,
      `${count(moved)} messages went back to the queue with their own ids and times, ${skipped.length} were left`,
    );
    await drain(world);
    const groups = await readGroups(world);
    for (const group of groups) say(world, `still dead: ${count(group.count)} × ${group.code}: ${group.reason}`);
  },
};

async function readGroups(world: World): Promise<readonly DeadLetterGroup[]> {
  return (await world.api().get<{ groups: readonly DeadLetterGroup[] }>('/v1/dead-letters')).groups;
}

function rehearse(world: World, request: { fingerprint?: string; limit?: number }): Promise<RehearsalAnswer> {
  return world.api().post<RehearsalAnswer>('/v1/dead-letters/replay', { ...request, dryRun: true });
}

/** `12 applied, 3 stale` */
function tally(words: readonly string[]): string {
  const groups = Map.groupBy(words, (word) => word);
  return [...groups].map(([word, all]) => `${all.length} ${word}`).join(', ') || 'unknown';
}

function sayBlock(world: World, block: string): void {
  for (const line of block.split('\n')) say(world, line);
}
