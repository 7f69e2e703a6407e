import type { ServerResponse } from 'node:http';

/** Whether the caller of one request is still there to hear the answer. */
export class Presence {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
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
