import type { RollupProgress } from '../../devices/store.ts';
import type { NumberMetric } from './metric-row.ts';

/** What the device store counts, and how far its roll-ups are. */
export const storeTable: readonly NumberMetric[] = [
  {
    name: 'sluice_store_state_keys_left_out_total',
    type: 'counter',
    help: 'Keys of readings that are in the history and not in the latest state of their device, which has no room for more',
    labels: [],
    read: ({ platform: { store } }) => [{ labels: {}, value: store.stateKeysLeftOut }],
  },
  ofRollups('reached_rows', 'Id of the last row of history that is in the roll-ups', ({ reachedId }) => reachedId),
  ofRollups(
    'behind_rows',
    'Rows of history that are not in the roll-ups yet, at most: ids that a restart skipped count too',
    ({ behindRows }) => behindRows,
  ),
  ofRollups(
    'behind_seconds',
    'How long the first of them has waited; 0 where none does',
    ({ behindMs }) => behindMs / 1_000,
  ),
];

function ofRollups(name: string, help: string, value: (progress: RollupProgress) => number): NumberMetric {
  return {
    name: `sluice_rollup_${name}`,
    type: 'gauge',
    help,
    labels: ['interval_seconds'],
    read: ({ platform: { store } }) =>
      store.rollups.map((progress) => ({
        labels: { interval_seconds: String(progress.intervalMs / 1_000) },
        value: value(progress),
      })),
  };
}
