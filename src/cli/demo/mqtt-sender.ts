import { setTimeout } from 'node:timers/promises';
import { connect, type ErrorWithReasonCode, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { Answer } from './ledger.ts';
import type { Credentials } from './registration.ts';
import { type Sender, saidOf } from './sender.ts';
import type { Shipment } from './shipment.ts';

const retryMs = 100;
/** Reason codes that mean: later. */
const laterCodes: ReadonlySet<number> = new Set([0x80, 0x83, 0x88, 0x89, 0x97]);

/** A device behind MQTT.js. The client connects again by itself and sends again what was not acknowledged. */
export class MqttSender implements Sender {
  readonly inflightMax = 20;
  readonly #client: MqttClient;
  readonly #version: 4 | 5;
  #stopped = false;

  constructor(port: number, version: 4 | 5, credentials: Credentials, onResent: () => void) {
    this.#version = version;
    this.#client = connect({
      host: '127.0.0.1',
      port,
      protocolVersion: version,
      clientId: credentials.deviceId,
      username: credentials.username,
      password: credentials.password,
      clean: false,
      properties: version === 5 ? { sessionExpiryInterval: 600 } : undefined,
      reconnectPeriod: retryMs,
    });
    // Lost connections are part of the story; whoever waits too long for an answer asks for this.
    this.#client.on('error', (problem) => {
      this.trouble = problem.message;
    });
    this.#client.on('packetsend', (packet) => {
      if (packet.cmd === 'publish' && packet.dup) onResent();
    });
  }

  trouble: string | undefined;

  async send(shipment: Shipment): Promise<Answer> {
    const topic = `devices/${shipment.deviceId}/telemetry`;
    for (;;) {
      try {
        await this.#client.publishAsync(topic, shipment.payload, this.#options(shipment));
        return { ok: true };
      } catch (problem) {
        const { code, message } = problem as ErrorWithReasonCode;
        // Without a code it is the connection that failed: nothing was said of the message.
        if (this.#stopped || (code !== undefined && !laterCodes.has(code))) return { ok: false, reason: message };
        this.trouble = message;
        await setTimeout(retryMs);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    // By force: a graceful end would wait for a server that may be gone.
    await this.#client.endAsync(true);
  }

  #options(shipment: Shipment): IClientPublishOptions {
    if (this.#version === 4) return { qos: 1 };
    return { qos: 1, properties: { contentType: shipment.contentType, userProperties: saidOf(shipment) } };
  }
}
