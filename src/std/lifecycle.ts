/** A part of the platform that is started and stopped. Both may be awaited; `stop` after a failed `start` is allowed. */
export interface Part {
  readonly name: string;
  start(): void | Promise<void>;
  stop(): void | Promise<void>;
}

/** Starts parts in the order given and stops what was started in reverse; a start that fails stops what stands. */
export class Lifecycle {
  readonly #parts: readonly Part[];
  readonly #started: Part[] = [];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    for (const part of this.#parts) {
      this.#started.push(part);
      try {
        await part.start();
      } catch (cause) {
        const problems = await this.#stopAll();
        const error = new Error(`Cannot start ${part.name}: ${(cause as Error).message}`, { cause });
        throw problems.length > 0 ? new AggregateError([error, ...problems], error.message) : error;
      }
    }
  }

  /** Stops every part even when one fails, then throws what failed. */
  async stop(): Promise<void> {
    const problems = await this.#stopAll();
    if (problems.length > 0) throw new AggregateError(problems, `Stopped with ${problems.length} problem(s)`);
  }

  async #stopAll(): Promise<unknown[]> {
    const problems: unknown[] = [];
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      try {
        await part.stop();
      } catch (problem) {
        problems.push(problem);
      }
    }
    return problems;
  }
}
