import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';

/**
 * A QoS 2 message from the client, from PUBLISH to PUBREL. The client may send it again on another connection while the
 * first copy is still on its way to the disk: PUBREC then waits for that same copy.
 */
export class ReceivedMessage {
  #settled = false;
  #followers: { waiter: ReceiptWaiter; tag: number }[] = [];

  /** One whose message was stored before the process began. */
  static stored(): ReceivedMessage {
    const message = new ReceivedMessage();
    message.#settled = true;
    return message;
  }

  /** The message was stored, or could not be. */
  store(failure: SluiceError | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const follower of this.#followers.splice(0)) follower.waiter.receipt(follower.tag, failure);
  }

  /** True: a receipt will come under `tag`. False: the message is safe already. Bounded by the Receive Maximum of the follower. */
  follow(waiter: ReceiptWaiter, tag: number): boolean {
    if (this.#settled) return false;
    this.#followers.push({ waiter, tag });
    return true;
  }
}
