import assert from 'node:assert/strict';
import { acknowledged, type Consumption, type Delivery, released, type Settlement } from '../../../../../message.ts';
import type { Random } from '../../../../../std/testing/random.ts';
import type { RowBatch } from '../../../../../storage/row-batch.ts';
import { StorageDouble } from '../../../../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../../../../engine.ts';
import { queueKey } from '../../../keys.ts';
import { History } from '../../../testing/model/history.ts';
import { TestEngine } from '../../../testing/test-engine.ts';
import { logOptionsByChance } from './log-options-by-chance.ts';
import { LogRows } from './log-rows.ts';
import { ReferenceGroup } from './reference-group.ts';
import { ReferenceLog } from './reference-log.ts';

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'no luck' };
const rejected: Settlement = { kind: 'rejected', code: 'schema_violation', reason: 'no number' };
/** Small, so that groups read from memory and from disk. */
const hotByChance = [
  { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 },
  { bytesMax: 30_000, messagesMax: 200, queueBytesMin: 5_000, queueMessagesMin: 30 },
];

/** Groups that there may be. */
export const groupNames = ['a', 'b', 'c'] as const;

export interface LogConsumer {
  readonly group: string;
  readonly held: Map<number, Delivery>;
  /** Of which it does not know yet that it lost them. */
  readonly lost: Delivery[];
  consumption: Consumption | undefined;
  readonly credit: number;
}

/** For tests: an engine with one log, the reference that it must agree with, and who publishes to it and reads it. */
export class LogWorld {
  readonly random: Random;
  readonly under: TestEngine;
  readonly history = new History();
  readonly consumers = new Set<LogConsumer>();
  /** By group and sequence: what somebody holds by its token. */
  readonly leases = new Map<string, Map<number, LeasedMessage>>(groupNames.map((name) => [name, new Map()]));
  log!: ReferenceLog;
  published = 0;
  receipts = 0;
  deliveries = 0;
  /** What was due then has had its turn. */
  quietSince = 0;
  /** Of which life of the engine: what an earlier one still does is of no interest. */
  life = 0;
  problem: unknown;
  /** How many messages the log had when the engine was started. */
  presentAtStart = 0;
  #rows!: LogRows;

  constructor(random: Random) {
    this.random = random;
    // Goes on with each look, so that what is cut into steps by time is cut at the same places in each run.
    let looks = 0;
    this.under = new TestEngine({
      random,
      hot: random.pick(hotByChance),
      storage: new StorageDouble(),
      watch: { began: (rows) => this.#began(rows), ended: () => this.history.ended() },
      monotonicMs: () => looks++ / 10,
    });
  }

  get now(): number {
    return this.under.clock.now();
  }

  async open(): Promise<void> {
    await this.under.open();
    const { options } = await this.under.engine.declare('log', logOptionsByChance(this.random));
    this.log = new ReferenceLog(options, this.history, () => this.now);
    const [row] = this.under.environment.readKeys('queues', queueKey(0), queueKey(99), 1);
    this.#rows = new LogRows(row.readUInt32BE(), this.log);
    this.quietSince = this.now;
  }

  group(name: string): ReferenceGroup {
    const group = this.log.groups.get(name);
    assert.ok(group !== undefined, `there is a group ${name} of which nobody knows`);
    return group;
  }

  /** Its row is in the open batch. */
  addGroup(name: string): ReferenceGroup {
    const parts = { log: this.log, history: this.history, now: () => this.now };
    const group = new ReferenceGroup(name, parts);
    this.log.groups.set(name, group);
    this.history.add(() => this.log.groups.delete(name));
    return group;
  }

  removeGroup(name: string): void {
    const group = this.group(name);
    this.log.groups.delete(name);
    this.history.add(() => this.log.groups.set(name, group));
    for (const consumer of this.consumersOf(name)) this.consumers.delete(consumer);
    this.leases.get(name)?.clear();
  }

  consumersOf(name: string): LogConsumer[] {
    return [...this.consumers].filter(({ group }) => group === name);
  }

  leasesOf(name: string): Map<number, LeasedMessage> {
    const leases = this.leases.get(name);
    assert.ok(leases !== undefined);
    return leases;
  }

  /** Whoever listens keeps messages from compaction. */
  attendance(name: string): void {
    const isAttended = this.consumersOf(name).length > 0 || this.leasesOf(name).size > 0;
    this.log.groups.get(name)?.attended(isAttended);
  }

  settlement(): Settlement {
    return this.random.choose<Settlement>([
      [7, acknowledged],
      [1, released],
      [2, failed],
      [1, rejected],
    ]);
  }

  delivered(name: string, sequence: number, id: string, attempt: number, leaseMs?: number): void {
    this.expireLeases();
    assert.equal(this.log.entries.get(sequence)?.id, id, `${sequence} is another message`);
    this.group(name).delivered(sequence, attempt, this.quietSince, leaseMs);
    this.deliveries++;
  }

  /** Before the engine hears of it, because it may deliver another one at once. */
  tell(name: string, sequence: number, settlement: Settlement): void {
    const group = this.group(name);
    if (settlement.kind === 'acknowledged') group.acknowledged(sequence);
    else if (settlement.kind === 'released') group.released(sequence);
    else if (settlement.kind === 'rejected') group.rejected(sequence);
    else group.failed(sequence, this.now);
  }

  /** Time goes on. */
  advance(ms: number): void {
    this.under.clock.advance(ms);
    this.expireLeases();
    for (const name of this.log.groups.keys()) this.attendance(name);
    this.quietSince = this.now;
  }

  expireLeases(): void {
    for (const group of this.log.groups.values()) {
      for (const sequence of group.expireLeases()) this.#takeFromHolder(group.name, sequence);
    }
  }

  /** A group was moved: what anybody holds of it is lost. */
  loseAll(name: string): void {
    this.leasesOf(name).clear();
    for (const { held, lost } of this.consumersOf(name)) {
      lost.push(...held.values());
      held.clear();
    }
  }

  /** Keeps what goes wrong in a call from the engine, which must not throw, for the step to fail with. */
  told(life: number, happened: () => void): void {
    if (life !== this.life) return;
    try {
      happened();
    } catch (problem) {
      this.problem ??= problem;
    }
  }

  /** Another engine goes on with what is on disk; nobody consumes any more. */
  reborn(): void {
    this.life++;
    this.consumers.clear();
    for (const leases of this.leases.values()) leases.clear();
    this.receipts = this.published;
    this.log.reopened();
    this.presentAtStart = this.log.present.size;
    // What became due in the meantime.
    this.under.clock.advance(0);
    this.quietSince = this.now;
  }

  #began(rows: RowBatch): void {
    this.told(this.life, () => this.#rows?.began(rows));
    this.history.began();
  }

  #takeFromHolder(name: string, sequence: number): void {
    this.leasesOf(name).delete(sequence);
    for (const { held, lost } of this.consumersOf(name)) {
      const delivery = held.get(sequence);
      if (delivery === undefined) continue;
      held.delete(sequence);
      lost.push(delivery);
    }
  }
}
