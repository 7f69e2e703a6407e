import { Api } from '../../src/cli/api.ts';
import { type SluiceBroker, startSluice } from '../sluice.ts';

/** A server that is started again on its data and its ports, by whoever killed it or by this where it ended by itself. */
export class ChaosServer {
  readonly folder: string;
  readonly #over = new AbortController();
  #broker: SluiceBroker | undefined;
  #mqttPort = 0;
  #httpPort = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  get mqttPort(): number {
    return this.#mqttPort;
  }

  get api(): Api {
    return new Api(`http://127.0.0.1:${this.#httpPort}`);
  }

  async start(): Promise<void> {
    const broker = await startSluice({
      home: this.folder,
      mqttPort: this.#mqttPort,
      httpPort: this.#httpPort,
      signal: this.#over.signal,
    });
    this.#broker = broker;
    this.#mqttPort = broker.mqttPort;
    this.#httpPort = broker.httpPort;
  }

  async kill(): Promise<void> {
    await this.#broker?.stop('SIGKILL');
  }

  /** Kills it, also where it is being started; whoever starts it later is refused. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.kill();
  }

  async stop(): Promise<void> {
    await this.#broker?.stop();
  }
}
