import type { Shipment } from './shipment.ts';

export type Answer = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What the senders know: which shipments got a positive acknowledgement. */
export class Ledger {
  readonly shipments: readonly Shipment[];
  readonly #acknowledged = new Set<Shipment>();
  readonly #refused = new Map<Shipment, string>();
  readonly #waiting = new Set<{ readonly holds: () => boolean; readonly resolve: () => void }>();
  /** Transmissions beyond the first of a shipment, because no answer had come. */
  resent = 0;

  constructor(shipments: readonly Shipment[]) {
    this.shipments = shipments;
  }

  /** The final answer to one shipment. */
  record(shipment: Shipment, answer: Answer): void {
    if (answer.ok) this.#acknowledged.add(shipment);
    else this.#refused.set(shipment, answer.reason);
    for (const waiter of this.#waiting) {
      if (!waiter.holds()) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves at the first answer after which `holds` is true. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ holds, resolve }));
  }

  isAcknowledged(shipment: Shipment): boolean {
    return this.#acknowledged.has(shipment);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get answered(): number {
    return this.#acknowledged.size + this.#refused.size;
  }

  /** Refusals with their reason. */
  get refused(): ReadonlyMap<Shipment, string> {
    return this.#refused;
  }
}
