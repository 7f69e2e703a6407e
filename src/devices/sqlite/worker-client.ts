import { type TransferListItem, Worker } from 'node:worker_threads';
import { SluiceError } from '../../errors.ts';
import type { OperationName, Operations, WorkerOptions } from './operations.ts';
import { type Opened, openedId, type Reply, type Request } from './protocol.ts';

/**
 * The main thread's end of a worker. Requests of one turn leave in one message and are answered in their order.
 * At `requestsMax` waiting, a request is refused with `unavailable`, but for those of the store's own duties; when the thread dies, all that wait and all that
 * follow are refused with `storage_failed`.
 */
export class WorkerClient {
  readonly #options: WorkerOptions;
  readonly #requestsMax: number;
  readonly #onDied: (failure: SluiceError) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #ended: SluiceError | undefined;
  #isOpen = false;
  #outbox: Request[] = [];
  #transfers: TransferListItem[] = [];
  #lastId = openedId;

  /** `onDied` is called once when the thread ends without being stopped. */
  constructor(options: WorkerOptions, requestsMax: number, onDied: (failure: SluiceError) => void) {
    this.#options = options;
    this.#requestsMax = requestsMax;
    this.#onDied = onDied;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async start(): Promise<Opened> {
    const worker = new Worker(workerUrl, { workerData: this.#options, name: `sqlite-${this.#options.role}` });
    this.#worker = worker;
    this.#ended = undefined;
    const opened = new Promise((resolve, reject) => this.#waiting.set(openedId, { resolve, reject }));
    worker.on('message', (replies: readonly Reply[]) => this.#receive(replies));
    worker.on('error', (cause) => this.#end(`the thread failed: ${cause.message}`, cause));
    worker.on('exit', (code) => this.#end(`the thread ended with status ${code}`));
    const answer = (await opened) as Opened;
    this.#isOpen = true;
    return answer;
  }

  /** Lets what waits finish, closes the database and ends the thread. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    this.#isOpen = false;
    try {
      if (this.#ended === undefined) await this.#send(worker, 'close', [], []);
    } finally {
      this.#end('it is stopped');
      await worker.terminate();
    }
  }

  request<N extends OperationName>(
    name: N,
    args: Parameters<Operations[N]>,
    transfers: readonly TransferListItem[] = [],
  ): Promise<ReturnType<Operations[N]>> {
    const refused = this.#refusal();
    if (refused !== undefined) return Promise.reject(refused);
    if (this.#waiting.size >= this.#requestsMax) return Promise.reject(tooMany(this.#requestsMax));
    return this.#send(this.#worker as Worker, name, args, transfers) as Promise<ReturnType<Operations[N]>>;
  }

  /** For a duty, which has one request out at a time: it has its turn behind those that wait, however many they are. */
  requestOfDuty<N extends OperationName>(name: N, args: Parameters<Operations[N]>): Promise<ReturnType<Operations[N]>> {
    const refused = this.#refusal();
    if (refused !== undefined) return Promise.reject(refused);
    return this.#send(this.#worker as Worker, name, args, []) as Promise<ReturnType<Operations[N]>>;
  }

  #refusal(): SluiceError | undefined {
    return this.#worker === undefined ? notRunning() : this.#ended;
  }

  #send(
    worker: Worker,
    name: Request['name'],
    args: readonly unknown[],
    transfers: readonly TransferListItem[],
  ): Promise<unknown> {
    const id = ++this.#lastId;
    if (this.#outbox.length === 0) queueMicrotask(() => this.#flush(worker));
    this.#outbox.push({ id, name, args } as Request);
    this.#transfers.push(...transfers);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #flush(worker: Worker): void {
    const requests = this.#outbox;
    const transfers = this.#transfers;
    this.#outbox = [];
    this.#transfers = [];
    worker.postMessage(requests, transfers);
  }

  #receive(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.value);
      else waiting?.reject(new SluiceError(reply.code, reply.message));
    }
  }

  #end(why: string, cause?: unknown): void {
    const isFirst = this.#ended === undefined;
    this.#ended ??= new SluiceError('storage_failed', `Cannot use the device store: ${why}`, { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
    if (isFirst && this.#isOpen) this.#onDied(this.#ended);
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(problem: SluiceError): void;
}

/** `worker.ts` in a checkout, `worker.js` in `dist/`. */
const workerUrl = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);

function notRunning(): SluiceError {
  return new SluiceError('unavailable', 'Cannot use the device store: it is not running');
}

function tooMany(requestsMax: number): SluiceError {
  return new SluiceError('unavailable', `Try again later: ${requestsMax} requests wait for the device store already`, {
    detail: { limit: 'requestsMax' },
  });
}
