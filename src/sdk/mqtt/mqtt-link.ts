import { deferred } from '../deferred.ts';
import { ConnectionRefused, QueueRefused } from '../refusals.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { ConnectionLost, MqttConnection, type MqttSettings } from './mqtt-connection.ts';

export interface MqttLinkParts {
  readonly settings: MqttSettings;
  /** Called with each new connection before it is used. What it throws as `QueueRefused` is final; else it is tried again. */
  readonly prepare: (connection: MqttConnection) => Promise<void>;
  readonly onNotice: (sentence: string) => void;
}

/** A connection that is made again where it is lost, until it is ended or refused for good. */
export class MqttLink {
  /** Resolves when it was ended, rejects where it was refused for good. */
  readonly ended: Promise<void>;
  readonly #parts: MqttLinkParts;
  readonly #ending = new AbortController();
  readonly #end = deferred<void>();
  #connection: MqttConnection | undefined;
  #current: Promise<MqttConnection>;

  /** Rejects with `ConnectionRefused` where the first connection cannot be made: whoever wants one tries again. */
  static async open(parts: MqttLinkParts): Promise<MqttLink> {
    try {
      return new MqttLink(parts, await opened(parts));
    } catch (problem) {
      if (!(problem instanceof ConnectionLost)) throw problem;
      throw new ConnectionRefused(problem.message, { cause: problem });
    }
  }

  private constructor(parts: MqttLinkParts, first: MqttConnection) {
    this.#parts = parts;
    this.ended = this.#end.promise;
    // Whoever does not ask for it is told by what they do with the link.
    this.ended.catch((problem: Error) => parts.onNotice(problem.message));
    this.#current = Promise.resolve(first);
    this.#use(first);
  }

  /** The connection as soon as there is one. Rejects where there will be none any more. */
  current(): Promise<MqttConnection> {
    return this.#current;
  }

  async end(): Promise<void> {
    if (this.#ending.signal.aborted) return this.ended;
    this.#ending.abort();
    await this.#connection?.end();
    this.#current = gone();
    this.#end.resolve();
    return this.ended;
  }

  #use(connection: MqttConnection): void {
    this.#connection = connection;
    void connection.closed.then((why) => {
      if (this.#ending.signal.aborted) return;
      this.#parts.onNotice(`Lost the connection to ${this.#parts.settings.url.host}: ${why}; connecting again`);
      this.#current = this.#reopen();
      this.#current.then(
        (again) => this.#use(again),
        (problem) => this.#end.reject(problem),
      );
    });
  }

  async #reopen(): Promise<MqttConnection> {
    const { signal } = this.#ending;
    for (let failures = 0; await pause(retryDelayMs(failures), signal); failures++) {
      try {
        const connection = await opened(this.#parts);
        this.#parts.onNotice(`Connected to ${this.#parts.settings.url.host} again`);
        return connection;
      } catch (problem) {
        if (problem instanceof ConnectionRefused || problem instanceof QueueRefused) throw problem;
        this.#parts.onNotice((problem as Error).message);
      }
    }
    return gone();
  }
}

function gone(): Promise<never> {
  const rejected = Promise.reject(new ConnectionLost('The client was closed'));
  // Nobody may ask for it.
  rejected.catch(ignore);
  return rejected;
}

function ignore(): void {
  // Told to whoever asks.
}

async function opened({ settings, prepare }: MqttLinkParts): Promise<MqttConnection> {
  const connection = await MqttConnection.open(settings);
  try {
    await prepare(connection);
    return connection;
  } catch (problem) {
    connection.destroy();
    throw problem;
  }
}
