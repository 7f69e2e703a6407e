import { DeliveryLoop } from '../delivery-loop.ts';
import type { Entry } from '../entry.ts';
import type { DeliverySource } from '../leasing-home.ts';
import type { Selector } from '../selector.ts';
import type { Slot } from '../slot.ts';

/** The group whose messages are delivered. */
interface DeliveredGroup extends DeliverySource {
  readonly selector: Selector;
  readonly isRestarting: boolean;
  attended(isAttended: boolean): void;
}

/** Delivers to the consumers of a group, but not while it goes elsewhere, and tells it when the first one comes and the last one goes. */
export class GroupLoop extends DeliveryLoop {
  readonly #group: DeliveredGroup;

  constructor(group: DeliveredGroup) {
    super(group, () => group.selector);
    this.#group = group;
  }

  override get canDeliver(): boolean {
    return !this.#group.isRestarting && super.canDeliver;
  }

  override join(slot: Slot<Entry>): void {
    super.join(slot);
    if (this.dispatcher.slots.size === 1) this.#group.attended(true);
  }

  override leave(slot: Slot<Entry>): void {
    super.leave(slot);
    if (this.dispatcher.slots.size === 0) this.#group.attended(false);
  }
}
