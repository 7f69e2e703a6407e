import type { Clock } from '../../std/clock.ts';
import type { Claim, ClaimKey, ClaimKeyStore, NewClaimKey } from '../claim-keys.ts';
import type { Device } from '../store.ts';
import type { WorkerClient } from './worker-client.ts';

/** `ClaimKeyStore` by way of the workers. */
export class SqliteClaimKeys implements ClaimKeyStore {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #clock: Clock;

  constructor(writer: WorkerClient, reader: WorkerClient, clock: Clock) {
    this.#writer = writer;
    this.#reader = reader;
    this.#clock = clock;
  }

  put(key: NewClaimKey): Promise<ClaimKey> {
    return this.#writer.request('putClaimKey', [key, this.#clock.now()]);
  }

  list(): Promise<readonly ClaimKey[]> {
    return this.#reader.request('claimKeys', []);
  }

  remove(id: string): Promise<boolean> {
    return this.#writer.request('removeClaimKey', [id]);
  }

  check(digest: string, deviceId: string): Promise<void> {
    return this.#reader.request('checkClaim', [{ digest, deviceId }, this.#clock.now()]);
  }

  claim(claim: Claim): Promise<Device> {
    return this.#writer.request('claim', [claim, this.#clock.now()]);
  }
}
