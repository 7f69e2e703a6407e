import type { ServerResponse } from 'node:http';

/** Whether the caller of one request is still there to hear the answer. */
export class Presence {
  readonly #response: ServerResponse;
  /** Whether the connection has brought a request before this one. */
  readonly isReturning: boolean;

  constructor(response: ServerResponse, isReturning: boolean) {
    this.#response = response;
    this.isReturning = isReturning;
  }

  /** Calls `listener` once when the connection ends before the whole answer was handed to the operating system. */
  onLeft(listener: () => void): void {
    if (this.#response.destroyed && !this.#response.writableFinished) {
      listener();
      return;
    }
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) listener();
    });
  }
}
