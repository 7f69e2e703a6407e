import type { Clock } from '../../std/clock.ts';
import type { CredentialStore, DeviceAccount, DeviceCredential, NewCredential, OthersOfKind } from '../credentials.ts';
import type { WorkerClient } from './worker-client.ts';

/** `CredentialStore` by way of the workers. */
export class SqliteCredentials implements CredentialStore {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #clock: Clock;

  constructor(writer: WorkerClient, reader: WorkerClient, clock: Clock) {
    this.#writer = writer;
    this.#reader = reader;
    this.#clock = clock;
  }

  put(credential: NewCredential, others: OthersOfKind): Promise<DeviceCredential> {
    return this.#writer.request('putCredential', [credential, others, this.#clock.now()]);
  }

  list(deviceId: string): Promise<readonly DeviceCredential[]> {
    return this.#reader.request('credentials', [deviceId]);
  }

  remove(deviceId: string, id?: string): Promise<boolean> {
    return this.#writer.request('removeCredential', [deviceId, id, this.#clock.now()]);
  }

  account(deviceId: string): Promise<DeviceAccount | undefined> {
    return this.#reader.request('account', [deviceId]);
  }

  accountOf(kind: 'token' | 'certificate', verifier: string): Promise<DeviceAccount | undefined> {
    return this.#reader.request('accountOf', [kind, verifier]);
  }
}
