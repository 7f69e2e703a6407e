/**
 * What happened to every message, by its number. A life is the time between two starts of the server.
 */
export class Account {
  acknowledged = 0;
  /** Distinct messages that a consumer got. */
  received = 0;
  /** Publishes that were sent again because their acknowledgement had not come when the server went. */
  republished = 0;
  /** Publishes that the server refused, and that were sent again. */
  refused = 0;
  /** Second and later receptions of a message that was published twice: the server cannot know that they are one. */
  duplicatesOfRepublished = 0;
  /** Second and later receptions in a later life: the server went before it had stored the consumer's acknowledgement. */
  duplicatesOverKill = 0;
  /** Any other: there must be none. */
  duplicatesUnexplained = 0;
  /** Counts the lives from 1. */
  life = 1;
  /** Numbers that were given out: 0 to `total` - 1. */
  total = 0;
  readonly #limit: number;
  #closed = false;
  #acknowledged = new Uint8Array(firstRoom);
  #republished = new Uint8Array(firstRoom);
  /** The life of the last reception; 0 for none. */
  #receivedIn = new Uint16Array(firstRoom);

  /** `limit`: how many numbers are given out at most. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** The next message's number; undefined when there are to be no more. */
  next(): number | undefined {
    if (this.#closed || this.total === this.#limit) return undefined;
    if (this.total === this.#acknowledged.length) this.#grow();
    return this.total++;
  }

  /** No further numbers are given out. */
  close(): void {
    this.#closed = true;
  }

  /** Acknowledged and received, each of them. */
  get isComplete(): boolean {
    return this.acknowledged === this.total && this.received === this.total;
  }

  /** Acknowledged and never received. */
  get lost(): number {
    let lost = 0;
    for (let number = 0; number < this.total; number++) {
      if (this.#acknowledged[number] === 1 && this.#receivedIn[number] === 0) lost++;
    }
    return lost;
  }

  /** Every number that was acknowledged. */
  acknowledgedNumbers(): number[] {
    return Array.from({ length: this.total }, (_, number) => number).filter(
      (number) => this.#acknowledged[number] === 1,
    );
  }

  acknowledge(number: number): void {
    if (this.#acknowledged[number] === 1) return;
    this.#acknowledged[number] = 1;
    this.acknowledged++;
  }

  republish(number: number): void {
    this.#republished[number] = 1;
    this.republished++;
  }

  refuse(number: number): void {
    this.#republished[number] = 1;
    this.refused++;
  }

  receive(number: number): void {
    const before = this.#receivedIn[number];
    this.#receivedIn[number] = this.life;
    if (before === 0) this.received++;
    else if (this.#republished[number] === 1) this.duplicatesOfRepublished++;
    else if (before < this.life) this.duplicatesOverKill++;
    else this.duplicatesUnexplained++;
  }

  #grow(): void {
    const room = this.total * 2;
    const grown = <T extends Uint8Array | Uint16Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    this.#acknowledged = grown(this.#acknowledged, new Uint8Array(room));
    this.#republished = grown(this.#republished, new Uint8Array(room));
    this.#receivedIn = grown(this.#receivedIn, new Uint16Array(room));
  }
}

const firstRoom = 65_536;
