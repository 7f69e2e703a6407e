/**
 * The states of a message in a queue and the only edges between them.
 *
 *   scheduled ──▶ ready ──▶ leased ──▶ acknowledged
 *       ▲           ▲          ├─────▶ dead        (rejected, or its last try failed)
 *       │           └──────────┤ released, or failed without back-off
 *       └──────────────────────┘ failed
 *
 * A waiting message can also go to `dead` (it expired) and to `removed` (purged, moved, or its queue was removed).
 * `succeeded` is the end of an entry, not of its message: its lease is over and another entry carries the message on.
 */
export const State = {
  scheduled: 0,
  ready: 1,
  leased: 2,
  acknowledged: 3,
  dead: 4,
  removed: 5,
  succeeded: 6,
} as const;

export type State = (typeof State)[keyof typeof State];

const edges: Record<State, readonly State[]> = {
  [State.scheduled]: [State.ready, State.dead, State.removed],
  [State.ready]: [State.leased, State.dead, State.removed],
  [State.leased]: [State.acknowledged, State.ready, State.scheduled, State.dead, State.removed, State.succeeded],
  [State.acknowledged]: [],
  [State.dead]: [],
  [State.removed]: [],
  [State.succeeded]: [],
};

/** Edges as one bit for each state that can be reached. */
const reachable = Object.values(State).map((from) => edges[from].reduce<number>((bits, to) => bits | (1 << to), 0));

/** The only place where a message changes its state. Throws where there is no such edge. */
export function changeState(entry: { state: State }, to: State): void {
  if ((reachable[entry.state] & (1 << to)) === 0) {
    throw new Error(
      `Cannot change the state of a message: there is no edge from ${nameOf(entry.state)} to ${nameOf(to)}`,
    );
  }
  entry.state = to;
}

/** Whether a message in that state is in its queue. */
export function isPresent(state: State): boolean {
  return state <= State.leased;
}

function nameOf(state: State): string {
  return Object.entries(State).find(([, value]) => value === state)?.[0] ?? String(state);
}
