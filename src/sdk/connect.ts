import type { Client, ConnectOptions } from './client.ts';
import { HttpClient } from './http/http-client.ts';

/**
 * `mqtt:`, `mqtts:`, `ws:`, `wss:` (MQTT over WebSocket), `http:` or `https:`. Rejects with `ConnectionRefused` where the server cannot be reached or lets nobody in with
 * these credentials.
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Client> {
  const { protocol } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return HttpClient.open(new URL(url), options);
  if (protocol === 'wss:' && options.ca !== undefined) {
    throw new TypeError('Name the authority in NODE_EXTRA_CA_CERTS: a WebSocket of Node takes none as `ca`');
  }
  if (protocol.startsWith('ws') && typeof WebSocket === 'undefined') {
    throw new TypeError(
      `Use mqtt: or mqtts: in place of ${protocol} here: WebSocket needs Node 22 or newer, and this is Node ${process.versions.node}`,
    );
  }
  if (mqttProtocols.has(protocol)) {
    if (options.token !== undefined && options.password === undefined) {
      throw new TypeError(
        `Give a JSON Web Token, or the token of a device, as \`password\` over ${protocol}: \`token\` is for http: and https:`,
      );
    }
    const { MqttClient } = await import('./mqtt/mqtt-client.ts');
    return MqttClient.open(new URL(url), options);
  }
  throw new TypeError(`Give a URL that begins with mqtt:, mqtts:, ws:, wss:, http: or https:, not "${protocol}"`);
}

const mqttProtocols = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:']);
