import type { Reading } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { Step } from './step.ts';

/**
 * A reading from the far future would keep every later one out of the state, so the clock that made it is not believed; one from
 * long ago may be a clock that was never set.
 */
export const timePolicy: Step = {
  name: 'time policy',
  run(works) {
    for (const work of works) {
      const outside = work.readings.find((reading) => isOutside(work, reading));
      if (outside === undefined) continue;
      if (typeOf(work).timePolicy === 'clamp') clamp(work, outside);
      else work.stop('time', outOfRange(work, outside));
    }
  },
};

function typeOf(work: Work): KnownDevice['type'] {
  return (work.known as KnownDevice).type;
}

function isOutside(work: Work, { time }: Reading): boolean {
  const { futureTimeMsMax, pastTimeMsMax } = typeOf(work);
  const ahead = time - work.message.receivedAt;
  return ahead > futureTimeMsMax || (pastTimeMsMax !== undefined && -ahead > pastTimeMsMax);
}

/** What the clock says is worth nothing then, and the time of arrival is the best that is known. */
function clamp(work: Work, first: Reading): void {
  const { receivedAt } = work.message;
  work.readings = work.readings.map((reading) =>
    isOutside(work, reading) ? { ...reading, time: receivedAt } : reading,
  );
  const warning = `Took the time of arrival for a reading of "${isoTime(first.time)}": the clock of the device is wrong`;
  work.warnings = [...work.warnings, warning];
}

function outOfRange(work: Work, { time }: Reading): SluiceError {
  const { futureTimeMsMax, pastTimeMsMax } = typeOf(work);
  const { receivedAt } = work.message;
  const limit =
    time > receivedAt
      ? `at most ${futureTimeMsMax} ms ahead are taken`
      : `at most ${pastTimeMsMax} ms behind are taken`;
  return new SluiceError(
    'time_out_of_range',
    `Set the clock of the device: a reading of "${isoTime(time)}" came in at "${isoTime(receivedAt)}", ${limit}`,
  );
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
