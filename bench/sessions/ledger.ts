/** Which messages of one stream were acknowledged to their publisher. Numbers begin at 0 and follow each other. */
export class Ledger {
  readonly qos: 0 | 1 | 2;
  sent = 0;
  acknowledged = 0;
  readonly #acknowledged = new Counts();

  constructor(qos: 0 | 1 | 2) {
    this.qos = qos;
  }

  next(): number {
    return this.sent++;
  }

  acknowledge(number: number): void {
    if (this.#acknowledged.add(number) === 1) this.acknowledged++;
  }

  isAcknowledged(number: number): boolean {
    return this.#acknowledged.of(number) > 0;
  }
}

/** What one subscriber, or one group of them, got of a stream. */
export class Reading {
  readonly ledger: Ledger;
  received = 0;
  /** Receptions of what had been received already. */
  repeated = 0;
  /** First receptions behind one of a higher number. */
  reordered = 0;
  readonly #counts = new Counts();
  #highest = -1;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  receive(number: number): void {
    if (this.#counts.add(number) > 1) {
      this.repeated++;
      return;
    }
    this.received++;
    if (number < this.#highest) this.reordered++;
    else this.#highest = number;
  }

  /** Received and never acknowledged. */
  get unexpected(): number {
    let unexpected = 0;
    for (let number = 0; number < this.ledger.sent; number++)
      if (!this.ledger.isAcknowledged(number) && this.#counts.of(number) > 0) unexpected++;
    return unexpected;
  }

  /** Acknowledged and not received. */
  get lost(): number {
    let lost = 0;
    for (let number = 0; number < this.ledger.sent; number++)
      if (this.ledger.isAcknowledged(number) && this.#counts.of(number) === 0) lost++;
    return lost;
  }
}

/** A small count for each number, as many as there are. */
class Counts {
  #counts = new Uint8Array(1_024);

  of(number: number): number {
    return this.#counts[number] ?? 0;
  }

  add(number: number): number {
    if (number >= this.#counts.length) {
      const grown = new Uint8Array(Math.max(number + 1, 2 * this.#counts.length));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    if (this.#counts[number] < 255) this.#counts[number]++;
    return this.#counts[number];
  }
}
