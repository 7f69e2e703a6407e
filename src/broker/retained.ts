import { SluiceError } from '../errors.ts';
import { expiresAt, type ReceiptWaiter } from '../message.ts';
import { hasWildcard } from '../mqtt/topics/filter-index.ts';
import type { Clock } from '../std/clock.ts';
import type { BrokerCounters } from './counters.ts';
import type { GreetingSource } from './greetings.ts';
import { type BrokerLimits, retainsNothing } from './limits.ts';
import type { Publication } from './publication.ts';
import { type LogScan, type RetainedMessage, type RetainedScan, TopicScan } from './retained-scan.ts';
import type { RetainedSources } from './retained-sources.ts';

/** Where retained messages are: on disk. */
export interface RetainedLog {
  /** Topics that have one, as of the last change. */
  readonly size: number;
  has(topic: string): boolean;
  /** Whether a message of so many bytes may be put now, or storage is behind. */
  hasRoom(bytes: number): boolean;
  put(publication: Publication, place: number): void;
  /** Answers whether there was one. */
  remove(topic: string): boolean;
  /** Receipt for every change so far: from then on scans see it. At once where nothing is due. */
  wait(waiter: ReceiptWaiter, tag: number): void;
  /** The messages that a filter matches, or without one all. */
  scan(filter: string | undefined): LogScan;
}

/** The newest retained message of each topic [MQTT-3.3.1-5]. */
export class Retained implements GreetingSource {
  readonly #log: RetainedLog;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  /** Absent: whoever published, what is retained is for everybody. */
  readonly #sources: RetainedSources | undefined;
  /** Of what was retained last, or of the last subscription. */
  #place = 0;
  /** No message expires before. Of those from before the start nothing is known until the first sweep. */
  #nextExpiry = Number.NEGATIVE_INFINITY;

  constructor(
    log: RetainedLog,
    limits: BrokerLimits,
    counters: BrokerCounters,
    clock: Clock,
    sources?: RetainedSources,
  ) {
    this.#log = log;
    this.#limits = limits;
    this.#counters = counters;
    this.#clock = clock;
    this.#sources = sources;
  }

  get size(): number {
    return this.#log.size;
  }

  claims(): boolean {
    return true;
  }

  /** Why a message of so many bytes cannot be retained; undefined where it can. */
  refusal(topic: string, bytes: number): SluiceError | undefined {
    const { retainedMessagesMax } = this.#limits;
    const isFull = this.#log.size >= retainedMessagesMax && !this.#log.has(topic);
    if (!isFull && this.#log.hasRoom(bytes)) return undefined;
    this.#counters.dropped.retained_full++;
    return new SluiceError(
      'quota_exceeded',
      isFull
        ? `Cannot retain "${topic}": ${this.#log.size} messages are retained; there may be ${retainedMessagesMax}`
        : `Cannot retain "${topic}": storage is behind; send again when earlier messages are acknowledged`,
    );
  }

  /** Keeps the publication, or forgets the topic where the payload is empty [MQTT-3.3.1-6]. Answers how many receipts will come. */
  update(publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    if (publication.payloadBytes > 0) {
      this.#log.put(publication, this.nextPlace());
      this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt(publication));
    } else this.#log.remove(publication.topic);
    // Also where there was nothing to forget: that may be so only since a change that is not flushed.
    this.#log.wait(waiter, tag);
    return 1;
  }

  /**
   * The next place in the order of what is retained and of subscriptions. From the clock, so that it is beyond every place
   * from before the process began; by itself, so that it grows whatever the clock does.
   */
  nextPlace(): number {
    this.#place = Math.max(this.#place + 1, this.#clock.now() * placesPerMs);
    return this.#place;
  }

  match(filter: string, since: number): RetainedScan {
    // CONNACK says that there is no such thing, and nobody could clear what is left of it.
    if (retainsNothing(this.#limits)) return new TopicScan([], () => undefined);
    const scan = this.#log.scan(filter);
    let waitsFor: Promise<void> | undefined;
    return {
      get isDone() {
        return scan.isDone;
      },
      get waitsFor() {
        return waitsFor;
      },
      read: (visit) => {
        waitsFor = undefined;
        const now = this.#clock.now();
        return scan.read((message) => {
          if (this.#forgetExpired(message.publication, now)) return true;
          // Places beyond the last one are from a process whose clock was ahead.
          const isLater = message.place > since && message.place <= this.#place;
          if (isLater) return true;
          const mayStill = this.#mayStill(message);
          if (mayStill === undefined) {
            waitsFor = this.#lookAhead(scan);
            return 'again';
          }
          if (!mayStill) this.#counters.dropped.retained_source++;
          return !mayStill || visit(message);
        });
      },
    };
  }

  #mayStill({ publication }: RetainedMessage): boolean | undefined {
    return this.#sources === undefined || this.#sources.mayStill(publication);
  }

  /** Asks about the sources of a whole step together, not about one after the other. */
  async #lookAhead(scan: LogScan): Promise<void> {
    scan.fork().read((message) => {
      this.#mayStill(message);
      return true;
    });
    await this.#sources?.answered();
  }

  /** A single topic is looked up wherever it is; only a scan needs everything on disk. */
  whenReadable(filter: string, waiter: ReceiptWaiter, tag: number): void {
    if (hasWildcard(filter)) this.#log.wait(waiter, tag);
    else waiter.receipt(tag, undefined);
  }

  /** Whether a sweep would find something, as far as is known. */
  get needsSweep(): boolean {
    return this.#nextExpiry <= this.#clock.now();
  }

  /** Goes through everything, a step at a call, and forgets what has expired. The step answers whether there is more. */
  sweep(): () => boolean {
    const scan = this.#log.scan(undefined);
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    return () => {
      scan.read(({ publication }) => {
        if (!this.#forgetExpired(publication, this.#clock.now()))
          this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt(publication));
        return true;
      });
      return !scan.isDone;
    };
  }

  #forgetExpired(publication: Publication, now: number): boolean {
    if (expiresAt(publication) > now) return false;
    this.#counters.dropped.retained_expired++;
    this.#log.remove(publication.topic);
    return true;
  }
}

const placesPerMs = 1_000;
