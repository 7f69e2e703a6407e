import { SluiceError } from '../../errors.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Step } from './step.ts';

/** A reading from the far future would keep every later one out of the state, so the clock that made it is not believed. */
export const timePolicy: Step = {
  name: 'time policy',
  run(works) {
    for (const work of works) {
      const { futureTimeMsMax } = (work.known as KnownDevice).type;
      const latest = work.message.receivedAt + futureTimeMsMax;
      const ahead = work.readings.find((reading) => reading.time > latest);
      if (ahead !== undefined) {
        work.stop('time', tooFarAhead(ahead.time, work.message.receivedAt, futureTimeMsMax));
      }
    }
  },
};

function tooFarAhead(time: number, receivedAt: number, futureTimeMsMax: number): SluiceError {
  return new SluiceError(
    'time_out_of_range',
    `Set the clock of the device: a reading of "${new Date(time).toISOString()}" came in at ` +
      `"${new Date(receivedAt).toISOString()}", at most ${futureTimeMsMax} ms ahead are taken`,
  );
}
