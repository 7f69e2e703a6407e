import type { Reading } from '../sessions/ledger.ts';
import type { MemoryWatch } from './memory.ts';
import { memoryVerdict } from './memory-verdict.ts';
import type { SoakRun } from './soak-run.ts';

export interface Verdict {
  /** Markdown. */
  readonly text: string;
  readonly isFine: boolean;
}

/** `judgesMemory`: a run of seconds is all warm-up. */
export function report(
  run: SoakRun,
  memory: MemoryWatch,
  given: {
    readonly minutes: number;
    readonly seed: number;
    readonly isSettled: boolean;
    readonly retainedWrong: number;
    readonly dropped: ReadonlyMap<string, number>;
  },
  judgesMemory: boolean,
): Verdict {
  const rows = accountRows(run);
  const { storms, habits, retained, devices } = run;
  const sessionsLost = devices.reduce((sum, device) => sum + device.sessionsLost, 0);
  const problems = devices.flatMap((device) =>
    device.problems.map((problem) => `${device.options.clientId}: ${problem}`),
  );
  const falseWills = storms.reading.unexpected;
  const wrong =
    rows.reduce((sum, { lost, twice, reordered }) => sum + lost + twice + reordered, 0) +
    (sessionsLost + problems.length + falseWills + storms.refused + given.retainedWrong);
  const { lines: memoryLines, isFlat } = memoryVerdict(memory);
  const text = [
    `${given.minutes} minutes, seed ${given.seed}${given.isSettled ? '' : ', **not everything came**'}`,
    '',
    '| messages | acknowledged | readers | received | lost | QoS 2 twice | QoS 1 again | out of order |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${rowCells(row).join(' | ')} |`),
    '',
    `Storms: ${count(storms.connections)} connections, ${storms.refused} refused; wills that should not have come: ${falseWills}. ` +
      `Take-overs ${count(habits.takeOvers)}, returns ${count(habits.returns)}, pauses of slow readers ${count(habits.pauses)}; ` +
      `sessions lost ${sessionsLost}. Retained: ${count(retained.changes)} changes, wrong in the end ${given.retainedWrong}.`,
    `Not handed on, as the server counts it: ${dropsIn(given.dropped)}.`,
    ...problems.slice(0, 10),
    '',
    ...memoryLines,
    '',
  ].join('\n');
  return { text, isFine: given.isSettled && wrong === 0 && (isFlat || !judgesMemory) };
}

interface AccountRow {
  readonly name: string;
  readonly acknowledged: number;
  readonly readers: number;
  readonly received: number;
  readonly lost: number;
  readonly twice: number;
  readonly again: number;
  readonly reordered: number;
}

function accountRows(run: SoakRun): AccountRow[] {
  const rows: AccountRow[] = [];
  for (const kind of ['steady', 'large', 'shared'] as const) {
    for (const qos of [1, 2] as const) {
      const of = run.readers[kind].map(({ readings, isGroup }) => ({
        isGroup,
        readings: [...readings.values()].filter(({ ledger }) => ledger.qos === qos),
      }));
      const all = of.flatMap(({ readings }) => readings);
      if (all.length > 0) rows.push(accountRow(`${kind}, QoS ${qos}`, all, run.readers[kind].length, of[0].isGroup));
    }
  }
  rows.push(accountRow('wills, QoS 1', [run.storms.reading], 1, true));
  return rows;
}

/** What members of a group get, and wills of many clients, has no order. */
function accountRow(name: string, readings: readonly Reading[], readers: number, isUnordered: boolean): AccountRow {
  const sum = (of: (reading: Reading) => number): number => readings.reduce((all, reading) => all + of(reading), 0);
  const repeated = sum((reading) => reading.repeated);
  const isExact = readings[0].ledger.qos === 2;
  return {
    name,
    acknowledged: [...new Set(readings.map(({ ledger }) => ledger))].reduce((all, one) => all + one.acknowledged, 0),
    readers,
    received: sum(({ received }) => received),
    lost: sum(({ lost }) => lost),
    twice: isExact ? repeated : 0,
    again: isExact ? 0 : repeated,
    reordered: isUnordered ? 0 : sum(({ reordered }) => reordered),
  };
}

function rowCells({ name, acknowledged, readers, received, lost, twice, again, reordered }: AccountRow): string[] {
  return [name, ...[acknowledged, readers, received, lost, twice, again, reordered].map(count)];
}

function dropsIn(dropped: ReadonlyMap<string, number>): string {
  const some = [...dropped].filter(([, drops]) => drops > 0);
  return some.length === 0 ? 'nothing' : some.map(([reason, drops]) => `${count(drops)} ${reason}`).join(', ');
}

function count(value: number): string {
  return value.toLocaleString('en');
}
