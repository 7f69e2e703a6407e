/**
 * What happened to every message, by its number. Numbers of a publisher follow each other.
 * A life is the time between two starts of the server.
 */
export class Account {
  readonly total: number;
  acknowledged = 0;
  /** Distinct messages that a consumer got. */
  received = 0;
  /** Publishes that were sent again because their acknowledgement had not come when the server was killed. */
  republished = 0;
  /** Publishes that the server refused, and that were sent again. */
  refused = 0;
  /** Second and later receptions of a message that was published twice: the server cannot know that they are one. */
  duplicatesOfRepublished = 0;
  /** Second and later receptions in a later life: the server was killed before it had stored the consumer's acknowledgement. */
  duplicatesOverKill = 0;
  /** Any other: there must be none. */
  duplicatesUnexplained = 0;
  /** Counts the lives from 1. */
  life = 1;
  readonly #acknowledged: Uint8Array;
  readonly #republished: Uint8Array;
  /** The life of the last reception; 0 for none. */
  readonly #receivedIn: Uint8Array;

  constructor(total: number) {
    this.total = total;
    this.#acknowledged = new Uint8Array(total);
    this.#republished = new Uint8Array(total);
    this.#receivedIn = new Uint8Array(total);
  }

  /** Acknowledged and never received. */
  get lost(): number {
    let lost = 0;
    for (let number = 0; number < this.total; number++) {
      if (this.#acknowledged[number] === 1 && this.#receivedIn[number] === 0) lost++;
    }
    return lost;
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
}
