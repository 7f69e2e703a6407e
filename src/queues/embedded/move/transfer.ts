import { SluiceError } from '../../../errors.ts';
import { otherFingerprint } from '../../causes/cause-book.ts';
import type { MessageMatch, StoredMessage } from '../../engine.ts';
import { compileEdit, type EditMessage } from '../../move-edit.ts';
import { compileFilter } from '../../move-filter.ts';
import type { MoveSpec } from '../../move-spec.ts';
import { Queue } from '../queue.ts';
import type { AnyQueue } from '../queue-kinds.ts';
import { deathOf, encodeRecord, messageOf, withDeath } from '../record.ts';
import type { Registry } from '../registry.ts';
import { type Found, storedMessage } from '../scan.ts';
import type { MoveSource } from './move-source.ts';
import { MovedValues } from './moved-values.ts';

/** What can be done with a message that matches: it goes, waits for room where it would go, or stays for a reason. */
export type Plan =
  | { readonly kind: 'go' | 'full'; readonly target: AnyQueue; readonly record: Buffer }
  | { readonly kind: 'left'; readonly reason: string; readonly isSuperseded?: true };

/** What a move does with each message. */
export class Transfer {
  readonly source: MoveSource;
  readonly #registry: Registry;
  readonly #to: string | undefined;
  readonly #match: MessageMatch | undefined;
  readonly #edit: EditMessage | undefined;
  readonly #isOfOther: boolean;
  readonly #moved = new MovedValues();

  /** Throws where the filter or the edit cannot be. `startedAt`: what an age in the filter counts from. */
  constructor(registry: Registry, source: MoveSource, spec: MoveSpec, startedAt: number) {
    this.#registry = registry;
    this.source = source;
    this.#to = spec.to;
    this.#match = spec.filter === undefined ? undefined : compileFilter(spec.filter, startedAt);
    this.#isOfOther = spec.filter?.fingerprint === otherFingerprint;
    this.#edit = spec.edit === undefined ? undefined : compileEdit(spec.edit);
  }

  /** Resolves when it can be said which messages are meant: of those that are counted together only their count says it. */
  async ready(): Promise<void> {
    if (this.#isOfOther) await this.source.queue.causes.whenKnown();
  }

  /** Undefined where the message is not meant. */
  plan(found: Found): Plan | undefined {
    const damage = this.source.damageOf(found);
    if (damage !== undefined) return { kind: 'left', reason: `The message is damaged: ${damage}` };
    const stored = storedMessage(found);
    if (this.#match?.(stored, this.source.queue.causes) === false) return undefined;
    if (stored.state === 'leased') return { kind: 'left', reason: 'A consumer holds the message' };
    try {
      const target = this.#targetOf(stored);
      const record = this.#recordFor(target, found, stored);
      const refusal = this.source.refusalOf(record);
      if (refusal !== undefined) return { kind: 'left', reason: refusal };
      if (target instanceof Queue && this.#isSuperseded(target, record)) return supersededIn(target);
      return { kind: target.hasRoom(record.length) ? 'go' : 'full', target, record };
    } catch (problem) {
      if (problem instanceof SluiceError) return { kind: 'left', reason: problem.message };
      throw problem;
    }
  }

  /**
   * Copies, and deletes where it does not stay, in this turn, which is one commit. The message passes no admission: it was taken in once, so it is
   * no duplicate, and waits for room instead of driving others out.
   */
  apply(found: Found, target: AnyQueue, record: Buffer): void {
    const death = deathOf(record);
    this.source.passed(found, death === undefined ? 'replayed' : 'moved');
    if (target instanceof Queue && target.lastValues !== undefined) {
      const message = messageOf(record);
      this.#moved.add(target.name, target.lastValues.digestOf(message), message.receivedAt);
    }
    const { sequence } = target.intake.append(record, undefined, true);
    target.causes.arrived(sequence, record.length, death);
    target.delivery.pumpLater();
  }

  #isSuperseded({ name, lastValues }: Queue, record: Buffer): boolean {
    if (lastValues === undefined) return false;
    const message = messageOf(record);
    const digest = lastValues.digestOf(message);
    const present = digest === undefined ? undefined : lastValues.receivedAt(digest);
    if (digest === undefined || present === undefined || present < message.receivedAt) return false;
    return present > message.receivedAt || !this.#moved.has(name, digest, present);
  }

  #targetOf(stored: StoredMessage): AnyQueue {
    if (this.#to !== undefined) return this.#registry.require(this.#to);
    if (stored.death === undefined) {
      throw new SluiceError('invalid_argument', 'The message is no dead letter: name the queue to move it to');
    }
    const origin = this.#registry.require(stored.death.queue);
    if (origin === this.source.queue)
      throw new SluiceError('invalid_argument', 'The message comes from this queue itself');
    return origin;
  }

  /** Back in its own queue a dead letter is a message again; elsewhere it stays one and keeps its story. */
  #recordFor(target: AnyQueue, found: Found, stored: StoredMessage): Buffer {
    const now = this.source.queue.context.clock.now();
    const record = this.#edit === undefined ? found.record : encodeRecord(this.#edit(stored.message, now), now);
    return withDeath(record, stored.death?.queue === target.name ? undefined : stored.death, now);
  }
}

function supersededIn({ name }: Queue): Plan {
  const reason = `Queue "${name}" has a newer value of the same key: acknowledge or purge that one first, or remove this one`;
  return { kind: 'left', reason, isSuperseded: true };
}
