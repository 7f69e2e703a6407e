import type { IClientOptions, MqttClient, Packet } from 'mqtt';

interface Login {
  readonly 'mqtt-url': string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/**
 * Connects over MQTT 5, does the work and says goodbye. Rejects as the work does, or where the connection is lost before the
 * work is done: an answer that can no longer come is not waited for.
 */
export async function withMqtt(
  login: Login,
  options: IClientOptions,
  work: (client: MqttClient) => Promise<void>,
): Promise<void> {
  const client = await connectMqtt(login, options);
  const loss = watchForLoss(client);
  try {
    await Promise.race([work(client), loss]);
  } catch (problem) {
    // By force: without it MQTT.js waits for answers that do not come where a connection is gone.
    await client.endAsync(true);
    throw problem;
  }
  await Promise.race([client.endAsync(), closed(client)]);
}

/**
 * The error for what the server refused: `deed` ("publish to"), the topic and why; what its reason code means where it gives
 * no reason. A reason that names the topic is a sentence of its own.
 */
export function refusal(deed: string, topic: string, cause: Error, answer: Packet | undefined): Error {
  const quoted = JSON.stringify(topic);
  const said = reasonOf(answer);
  if (said?.includes(quoted)) return new Error(said, { cause });
  return new Error(`Cannot ${deed} ${quoted}: ${said || cause.message.replace(/^(Publish|Subscribe) error: /, '')}`, {
    cause,
  });
}

function reasonOf(answer: Packet | undefined): string | undefined {
  const properties = answer !== undefined && 'properties' in answer ? answer.properties : undefined;
  return properties !== undefined && 'reasonString' in properties ? properties.reasonString : undefined;
}

/** Connects once: what fails is told, not tried again. */
async function connectMqtt(login: Login, options: IClientOptions = {}): Promise<MqttClient> {
  const { connect } = await import('mqtt');
  const url = login['mqtt-url'];
  const { username, password } = login;
  const client = connect(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
    properties: { ...options.properties, requestProblemInformation: true },
    username,
    password,
  });
  return new Promise((resolve, reject) => {
    const refuse = (problem?: Error): void => {
      client.end(true);
      const howToLogIn = username === undefined && isRefusedLogin(problem) ? '; log in by -u NAME and -P PASSWORD' : '';
      reject(new Error(`Cannot connect to ${withoutPassword(url)}: ${connectProblem(problem)}${howToLogIn}`));
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

/** Rejects when the connection closes, with the server's reason where it gave one. */
function watchForLoss(client: MqttClient): Promise<never> {
  let reason = 'the server closed the connection';
  client.on('disconnect', (packet) => {
    reason = packet.properties?.reasonString ?? `the server disconnected with reason code ${packet.reasonCode}`;
  });
  client.on('error', (problem) => {
    reason = problem.message;
  });
  return closed(client).then(() => {
    throw new Error(`Lost the connection: ${reason}`);
  });
}

function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => void client.once('close', () => resolve()));
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}

/** What the server says to whom it does not know: bad user name or password, not authorized. */
function isRefusedLogin(problem: (Error & { readonly code?: unknown }) | undefined): boolean {
  return problem?.code === 0x86 || problem?.code === 0x87;
}

function connectProblem(problem: (Error & { readonly code?: string }) | undefined): string {
  if (problem?.code === 'ECONNREFUSED')
    return 'nothing listens there; start it with `sluice start`, or say where it is: --mqtt-url, SLUICE_MQTT_URL';
  return problem?.message || 'the server closed the connection';
}
