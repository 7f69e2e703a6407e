import { setTimeout } from 'node:timers/promises';
import type { Answer } from './ledger.ts';
import type { Credentials } from './registration.ts';
import { type Sender, saidOf } from './sender.ts';
import type { Shipment } from './shipment.ts';

const retryMs = 100;
const answerMsMax = 10_000;
const laterStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** A device that posts its messages, and posts one again under the same id until it has an answer. */
export class HttpSender implements Sender {
  /** One at a time: a device without pipelining keeps its own order. */
  readonly inflightMax = 1;
  readonly #url: string;
  readonly #authorization: string;
  readonly #onResent: () => void;
  #stopped = false;
  trouble: string | undefined;

  constructor(port: number, { deviceId, username, password }: Credentials, onResent: () => void) {
    this.#url = `http://127.0.0.1:${port}/v1/devices/${deviceId}/telemetry`;
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#onResent = onResent;
  }

  async send(shipment: Shipment): Promise<Answer> {
    for (;;) {
      if (this.#stopped) return { ok: false, reason: 'The device was stopped' };
      const answer = await this.#post(shipment);
      if (answer !== undefined) return answer;
      await setTimeout(retryMs);
      this.#onResent();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
  }

  /** The answer; undefined where there is none yet, so that the message is to be sent again. */
  async #post(shipment: Shipment): Promise<Answer | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          authorization: this.#authorization,
          'content-type': shipment.contentType,
          ...saidOf(shipment),
        },
        body: new Uint8Array(shipment.payload),
        signal: AbortSignal.timeout(answerMsMax),
      });
      const text = await response.text();
      if (response.ok) return { ok: true };
      this.trouble = `status ${response.status}: ${text}`;
      return laterStatuses.has(response.status) ? undefined : { ok: false, reason: this.trouble };
    } catch (problem) {
      this.trouble = String((problem as Error).cause ?? problem);
      return undefined;
    }
  }
}
