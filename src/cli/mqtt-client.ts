import type { IClientOptions, MqttClient } from 'mqtt';

interface Login {
  readonly 'mqtt-url': string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Connects over MQTT 5, once: what fails is told, not tried again. */
export async function connectMqtt(login: Login, options: IClientOptions = {}): Promise<MqttClient> {
  const { connect } = await import('mqtt');
  const url = login['mqtt-url'];
  const { username, password } = login;
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 0, ...options, username, password });
  return new Promise((resolve, reject) => {
    const refuse = (problem?: Error): void => {
      client.end(true);
      reject(
        new Error(
          `Cannot connect to ${withoutPassword(url)}: ${problem?.message || 'the server closed the connection'}`,
        ),
      );
    };
    client.once('connect', () => {
      client.removeListener('error', refuse);
      client.removeListener('close', refuse);
      resolve(client);
    });
    client.once('error', refuse);
    client.once('close', refuse);
  });
}

/** Rejects when the connection is lost before `ended` says that it was meant to end. */
export function lost(client: MqttClient, ended: () => boolean): Promise<never> {
  return new Promise((_resolve, reject) => {
    let reason = 'the server closed the connection';
    client.on('disconnect', (packet) => {
      reason = packet.properties?.reasonString ?? `the server disconnected with reason code ${packet.reasonCode}`;
    });
    client.on('error', (problem) => {
      reason = problem.message;
    });
    client.on('close', () => {
      if (!ended()) reject(new Error(`Lost the connection: ${reason}`));
    });
  });
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
