import { SluiceError } from '../../errors.ts';
import type { WorkerReport } from '../../pipeline/workers/wire.ts';
import type { WorkerDoor, WorkerInfo, WorkerSessionDoor } from '../doors/worker-door.ts';

/** Sessions that give what a test says. */
export class MemoryWorkers implements WorkerDoor {
  readonly sessions: MemorySession[] = [];

  async open({ owner, name }: { owner: string; name: string }): Promise<MemorySession> {
    const session = new MemorySession(owner, name, this.sessions.length);
    this.sessions.push(session);
    return session;
  }

  list(): readonly WorkerInfo[] {
    return this.sessions.map(({ name, owner, reports }) => ({
      id: `worker:${name}`,
      owner,
      since: 5,
      inWork: 1,
      answered: 2,
      lacks: reports.length === 0 ? ['reports'] : [],
      setAside: reports.at(-1)?.setAside ?? [],
    }));
  }

  of(session: string, owner: string): WorkerSessionDoor {
    const found = this.sessions.find((each) => each.session === session && each.owner === owner);
    if (found === undefined) throw new SluiceError('not_found', 'There is no such session');
    return found;
  }
}

export class MemorySession implements WorkerSessionDoor {
  readonly session: string;
  readonly owner: string;
  readonly name: string;
  readonly lines: string[] = [];
  readonly reports: WorkerReport[] = [];
  readonly taken: { batch: number; from: number; results: readonly unknown[] }[] = [];
  reason: SluiceError | undefined;
  readonly ended = Promise.withResolvers<SluiceError>();
  #listener: (() => void) | undefined;

  constructor(owner: string, name: string, number: number) {
    this.owner = owner;
    this.name = name;
    this.session = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  }

  /** Something happens that `next` waits for. */
  say(...lines: readonly string[]): void {
    this.lines.push(...lines);
    this.#listener?.();
  }

  /** Waits for a line for as long as it takes. */
  async next(): Promise<string | undefined> {
    if (this.lines.length === 0 && this.reason === undefined) {
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
      });
    }
    return this.lines.shift();
  }

  report(report: WorkerReport): void {
    this.reports.push(report);
  }

  take(batch: number, from: number, results: readonly unknown[]): boolean {
    this.taken.push({ batch, from, results });
    return batch === 1;
  }

  async leave(): Promise<void> {
    this.end(new SluiceError('unavailable', 'It left'));
  }

  end(reason: SluiceError): void {
    this.reason ??= reason;
    this.ended.resolve(this.reason);
    this.#listener?.();
  }
}
