import { createHash } from 'node:crypto';
import type { Clock } from '../../std/clock.ts';
import type { Deadline } from '../../std/deadline-heap.ts';
import { Deadlines } from '../../std/deadlines.ts';
import type { Log } from '../../std/log.ts';
import { RecentMap } from '../../std/recent-map.ts';
import type { BrokerCounters } from '../counters.ts';

/** Who is banned: everybody at an address, or one user name or client id as long as it comes from there. */
export type BanKind = 'address' | 'user' | 'client';

export interface BanSubject {
  readonly kind: BanKind;
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly address: string;
  /** The user name or client id, where the kind is one of these. */
  readonly name?: string;
}

export interface Ban extends BanSubject {
  /** Names the ban in this process. */
  readonly id: number;
  /** As the end of "banned because of …". */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
}

/** Who may not connect for a while. Forgets everybody when the process ends. */
export class Bans {
  readonly #entries: RecentMap<string, Entry>;
  readonly #expiries: Deadlines<Entry>;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #log: Log;
  #nextId = 1;

  constructor(entriesMax: number, counters: BrokerCounters, clock: Clock, log: Log) {
    this.#entries = new RecentMap(entriesMax);
    this.#expiries = new Deadlines((entry) => void this.#entries.delete(entry.key), clock);
    this.#counters = counters;
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(subject: BanSubject): Ban | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(subjectKey(subject))?.ban;
  }

  /** The ban that was used longest ago makes room where there are too many. */
  add(subject: BanSubject, reason: string, ms: number): void {
    const since = this.#clock.now();
    const shown = subject.name === undefined ? {} : { name: subject.name.slice(0, nameCharactersMax) };
    const ban: Ban = { ...subject, ...shown, id: this.#nextId++, reason, since, until: since + ms };
    const entry: Entry = { key: subjectKey(subject), ban, deadline: 0, heapIndex: -1 };
    const before = this.#entries.get(entry.key);
    if (before !== undefined) this.#expiries.remove(before);
    const gone = this.#entries.set(entry.key, entry);
    if (gone !== undefined) this.#expiries.remove(gone);
    this.#expiries.set(entry, ban.until);
    this.#counters.bansMade++;
    this.#log.warn('Banned', { kind: ban.kind, address: ban.address, name: ban.name, reason, seconds: ms / 1000 });
  }

  list(): Ban[] {
    return [...this.#entries.values()].map(({ ban }) => ban);
  }

  /** False where there is no such ban. */
  lift(id: number): boolean {
    const entry = [...this.#entries.values()].find(({ ban }) => ban.id === id);
    if (entry === undefined) return false;
    this.#expiries.remove(entry);
    this.#entries.delete(entry.key);
    const { kind, address, name } = entry.ban;
    this.#log.info('Ban lifted', { kind, address, name });
    return true;
  }

  stop(): void {
    this.#expiries.clear();
  }
}

interface Entry extends Deadline {
  readonly key: string;
  readonly ban: Ban;
}

/** Names that strangers choose may be 64 KiB long: what is kept of them has a bound. */
const nameCharactersMax = 128;

/** A text of bounded length that two subjects share only where they are the same. */
export function subjectKey({ kind, address, name = '' }: BanSubject): string {
  return `${kind}\0${address}\0${boundedName(name)}`;
}

/** The name, or a digest in place of one that is too long to be kept. */
export function boundedName(name: string): string {
  return name.length <= nameCharactersMax ? name : `sha256 ${createHash('sha256').update(name).digest('hex')}`;
}
