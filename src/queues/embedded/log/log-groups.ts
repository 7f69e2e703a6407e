import { SluiceError } from '../../../errors.ts';
import type { SettleResult } from '../../engine.ts';
import { queueNameProblem, quote } from '../../queue-name.ts';
import type { GroupRefusal } from '../../queue-stats.ts';
import { sourceOfToken } from '../lease-token.ts';
import type { Leases } from '../leases.ts';
import { decodeWaiting, type Waiting } from '../waiting.ts';
import { GroupFailures } from './group-failures.ts';
import { GroupRemovals } from './group-removals.ts';
import {
  decodeGroup,
  groupKey,
  groupOfKey,
  groupStateKey,
  nameInDamaged,
  type StoredGroup,
  sequenceOfGroupStateKey,
} from './group-row.ts';
import { type GroupLog, LogGroup } from './log-group.ts';
import { SettledRanges } from './settled-ranges.ts';

/** Groups of one log. Each is a few hundred bytes of memory, and one row that changes with every commit it has a part in. */
export const groupsMax = 1_000;

/** Of those, groups that one consumer made since the server started, by naming them. Who administers groups may make more. */
export const groupsPerConsumerMax = 100;

/** The groups of one log. */
export class LogGroups {
  readonly #log: GroupLog;
  readonly #byName = new Map<string, LogGroup>();
  readonly #byId = new Map<number, LogGroup>();
  readonly #attended = new Set<LogGroup>();
  readonly removals: GroupRemovals;
  /** Since the process started. */
  readonly refused: Record<GroupRefusal, number> = { log: 0, consumer: 0 };
  #nextId = 1;

  constructor(log: GroupLog) {
    this.#log = log;
    this.removals = new GroupRemovals(log);
  }

  get all(): Iterable<LogGroup> {
    return this.#byName.values();
  }

  /** Those that somebody takes messages of. */
  get attended(): ReadonlySet<LogGroup> {
    return this.#attended;
  }

  /** Reads the rows of all of them. */
  open(): void {
    const { context, id } = this.#log;
    const rows = context.environment.readRange(
      'groups',
      groupKey(id, 1),
      groupKey(id + 1, 0),
      Number.POSITIVE_INFINITY,
    );
    for (const { key, value } of rows) {
      const group = groupOfKey(key);
      this.#nextId = Math.max(this.#nextId, group + 1);
      const stored = decodeGroup(value) ?? this.#afterDamage(group, value);
      if (stored === undefined) continue;
      if (stored.name === '') void this.removals.finish(group);
      else this.#open(group, stored);
    }
  }

  find(name: string): LogGroup | undefined {
    return this.#byName.get(name);
  }

  /** Throws `not_found`. */
  require(name: string): LogGroup {
    const group = this.#byName.get(name);
    if (group !== undefined) return group;
    throw new SluiceError(
      'not_found',
      `Cannot use group ${quote(name)} of "${this.#log.name}": there is no such group`,
    );
  }

  /**
   * A new group, which begins at `position`; its row is in the open batch. `maker`: the consumer that named it, if it was one.
   * Throws `invalid_argument` for a name that is none, and `quota_exceeded` where there are as many groups as there may be.
   */
  add(name: string, position: number, maker: string | undefined): LogGroup {
    const refusal = this.#refusal(name, maker);
    if (refusal !== undefined) throw refusal;
    const now = this.#log.context.clock.now();
    const stored = { name, createdAt: now, usedAt: now, settled: new SettledRanges(position) };
    const group = new LogGroup(this.#nextId++, this.#log, stored, new GroupFailures(new Map(), []));
    group.maker = maker;
    this.#keep(group);
    group.save();
    return group;
  }

  /** Ends its consumers and forgets where it was; resolves when its rows are gone. */
  async remove(group: LogGroup): Promise<void> {
    const gone = new SluiceError('not_found', `Group "${group.group}" of "${this.#log.name}" was removed`);
    this.#byName.delete(group.group);
    this.#byId.delete(group.id);
    group.remove(gone);
    this.#attended.delete(group);
    await this.removals.begin(group.id);
  }

  /** Another number for a group that begins anew: what is stored under the one that it had is removed, and both are in the open batch. */
  renumber(group: LogGroup): number {
    const id = this.#nextId++;
    this.#byId.delete(group.id);
    this.#byId.set(id, group);
    void this.removals.begin(group.id);
    return id;
  }

  /** Settles, or makes longer, leases of any group: each token says which. */
  answer(tokens: readonly string[], act: (leases: Leases, token: string) => SettleResult): SettleResult[] {
    return tokens.map((token) => {
      const leases = this.#byId.get(sourceOfToken(token))?.delivery.leases;
      return leases === undefined ? { token, ok: false, code: 'lease_lost' } : act(leases, token);
    });
  }

  attend(group: LogGroup, isAttended: boolean): void {
    if (isAttended) this.#attended.add(group);
    else this.#attended.delete(group);
  }

  #refusal(name: string, maker: string | undefined): SluiceError | undefined {
    const problem = queueNameProblem(name);
    const where = `Cannot make group ${quote(name)} of "${this.#log.name}"`;
    if (problem !== undefined) return new SluiceError('invalid_argument', `${where}: ${problem}`);
    if (this.#byName.size >= groupsMax) {
      this.refused.log++;
      const full = `${where}: it has ${groupsMax} groups, the most it may have; remove one`;
      return new SluiceError('quota_exceeded', full);
    }
    if (maker === undefined || this.#madeBy(maker) < groupsPerConsumerMax) return undefined;
    this.refused.consumer++;
    return new SluiceError(
      'quota_exceeded',
      `${where}: its consumer ${quote(maker)} has made ${groupsPerConsumerMax} of its groups, the most that one may make; remove one`,
    );
  }

  #madeBy(maker: string): number {
    let made = 0;
    for (const group of this.#byName.values()) if (group.maker === maker) made++;
    return made;
  }

  #open(id: number, stored: StoredGroup): void {
    // From before there was a mark: one that was being removed when another of its name was made.
    const before = this.#byName.get(stored.name);
    if (before !== undefined) {
      this.#byId.delete(before.id);
      void this.removals.begin(before.id);
    }
    const failures = this.#failures(id, stored.settled);
    const group = new LogGroup(id, this.#log, stored, failures);
    this.#keep(group);
    if (failures.hasPassed) group.save();
  }

  #keep(group: LogGroup): void {
    this.#byName.set(group.group, group);
    this.#byId.set(group.id, group);
  }

  /** Of a message that is settled, or gone, a row can be left. */
  #failures(group: number, settled: SettledRanges): GroupFailures {
    const { context, id, first } = this.#log;
    const end = groupStateKey(id, group + 1, 0);
    const rows = context.environment.readRange(
      'group-states',
      groupStateKey(id, group, 0),
      end,
      Number.POSITIVE_INFINITY,
    );
    const failures = new Map<number, Waiting>();
    const stale: number[] = [];
    for (const { key, value } of rows) {
      const sequence = sequenceOfGroupStateKey(key);
      const waiting = decodeWaiting(value);
      if (sequence < first || settled.has(sequence)) stale.push(sequence);
      // Without its row a message is delivered as for the first time. The reason is for the dead letter, and stays on disk.
      else if (waiting !== undefined) failures.set(sequence, { ...waiting, lastError: '' });
    }
    return new GroupFailures(failures, stale);
  }

  /** Where it was nobody knows: it begins at the first message, so that it gets some again and misses none. */
  #afterDamage(group: number, row: Buffer): StoredGroup | undefined {
    const { context, id, name: log } = this.#log;
    const name = nameInDamaged(row);
    context.log.error('The row of a group is damaged: the group begins again with the first message', {
      log,
      group: name ?? group,
    });
    if (name !== undefined && !this.#byName.has(name)) {
      const now = context.clock.now();
      return { name, createdAt: now, usedAt: now, settled: new SettledRanges(this.#log.first) };
    }
    const from = groupStateKey(id, group, 0);
    const end = groupStateKey(id, group + 1, 0);
    for (const key of context.environment.readKeys('group-states', from, end, Number.POSITIVE_INFINITY)) {
      context.commit.remove('group-states', key);
    }
    context.commit.remove('groups', groupKey(id, group));
    return undefined;
  }
}
