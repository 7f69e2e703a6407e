import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IConnackPacket, type IPublishPacket, type Packet, type UserProperties } from 'mqtt-packet';
import { deferred } from '../deferred.ts';
import type { Encoded } from '../outbound.ts';
import { ConnectionRefused } from '../refusals.ts';
import { WebSocketStream } from './web-socket-stream.ts';

export interface MqttSettings {
  readonly url: URL;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly ca: string | Buffer | undefined;
  /** Messages of QoS 1 that may be lent to this connection at once. */
  readonly receiveMaximum: number;
  readonly onMessage: (packet: IPublishPacket) => void;
}

/** What the server said to a packet. */
export interface Answer {
  readonly reasonCode: number;
  readonly reason: string | undefined;
}

/** The connection ended before the answer came. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** The server ended it because of what it was sent, which it will not like the next time either. */
  readonly isFault: boolean;

  constructor(message: string, isFault = false) {
    super(message);
    this.isFault = isFault;
  }
}

const protocol = { protocolVersion: 5 };
const connectMsMax = 10_000;
const keepAliveSeconds = 30;

/** One connection with MQTT 5, from CONNECT until it ends. */
export class MqttConnection {
  /** Resolves with why, when it is over. */
  readonly closed: Promise<string>;
  readonly #socket: Duplex;
  readonly #settings: MqttSettings;
  readonly #parser = mqtt.parser(protocol);
  readonly #answers = new Map<number, PromiseWithResolvers<Answer>>();
  /** Publishes that wait for room in the server's window. */
  readonly #waiting: (() => void)[] = [];
  readonly #connack = deferred<IConnackPacket>();
  #quota = 0;
  #nextId = 0;
  #isHeard = true;
  #why = 'the server closed the connection';
  #isFault = false;
  #isOpen = false;

  /** Rejects with `ConnectionRefused` where the server says no, and with `ConnectionLost` where there is none to ask. */
  static async open(settings: MqttSettings): Promise<MqttConnection> {
    const connection = new MqttConnection(settings);
    const { reasonCode = 0, properties } = await connection.#connack.promise;
    if (reasonCode >= 0x80) {
      connection.destroy();
      const reason = properties?.reasonString ?? `reason code 0x${reasonCode.toString(16)}`;
      const sentence = `Cannot connect to ${settings.url.host} as "${settings.username ?? ''}": ${reason}`;
      throw passing.has(reasonCode) ? new ConnectionLost(sentence) : new ConnectionRefused(sentence);
    }
    connection.#isOpen = true;
    connection.#quota = properties?.receiveMaximum ?? 0xffff;
    return connection;
  }

  private constructor(settings: MqttSettings) {
    this.#settings = settings;
    this.#socket = dial(settings);
    this.#parser.on('packet', (packet) => this.#take(packet));
    this.#parser.on('error', (problem) => this.destroy(problem.message));
    this.#socket.on('data', (bytes: Buffer) => void this.#parser.parse(bytes));
    this.#socket.on('error', (problem) => {
      this.#why = problem.message;
    });
    const patience = setTimeout(() => this.destroy('the server did not answer'), connectMsMax);
    const pings = setInterval(() => this.#ping(), keepAliveSeconds * 1_000);
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        clearTimeout(patience);
        clearInterval(pings);
        this.#lose();
        resolve(this.#why);
      });
    });
    void this.#connack.promise.then(
      () => clearTimeout(patience),
      () => clearTimeout(patience),
    );
    this.#send(connectPacket(settings));
  }

  get isClosed(): boolean {
    return !this.#socket.writable;
  }

  /** At QoS 1; resolves with the server's answer, once there is room in its window. */
  async publish({ topic, payload, retain, contentType, expirySeconds, userProperties }: Encoded): Promise<Answer> {
    if (this.#quota === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#quota--;
    const properties = {
      ...(contentType !== undefined && { contentType }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      ...(userProperties.length > 0 && { userProperties: grouped(userProperties) }),
    };
    const answer = this.#ask((messageId) => ({
      cmd: 'publish',
      qos: 1,
      dup: false,
      topic,
      payload,
      retain,
      messageId,
      properties,
    }));
    return answer.finally(() => this.#room());
  }

  subscribe(topic: string): Promise<Answer> {
    const subscriptions = [{ topic, qos: 1 as const, nl: false, rap: true, rh: 0 }];
    return this.#ask((messageId) => ({ cmd: 'subscribe', messageId, subscriptions }));
  }

  unsubscribe(topic: string): Promise<Answer> {
    return this.#ask((messageId) => ({ cmd: 'unsubscribe', messageId, unsubscriptions: [topic] }));
  }

  /** Answers a message. */
  acknowledge(messageId: number, reasonCode: number, reason?: string): void {
    const properties = reason === undefined || reason === '' ? undefined : { reasonString: reason };
    this.#send({ cmd: 'puback', messageId, reasonCode, ...(properties && { properties }) });
  }

  /** Holds messages of the queue for longer: for `leaseSeconds`, or for as long as the queue lends. Nobody answers. */
  extend(queue: string, sequences: readonly number[], leaseSeconds: number | undefined): void {
    if (this.isClosed) return;
    const payload = JSON.stringify({ sequences, ...(leaseSeconds !== undefined && { leaseSeconds }) });
    this.#send({ cmd: 'publish', qos: 0, dup: false, retain: false, topic: `$queue/${queue}/extend`, payload });
  }

  /** Says goodbye, and resolves when the connection is over. */
  async end(): Promise<void> {
    this.#why = 'it was ended here';
    if (!this.isClosed) this.#socket.end(mqtt.generate({ cmd: 'disconnect', reasonCode: 0 }, protocol));
    await this.closed;
  }

  destroy(why?: string): void {
    if (why !== undefined) this.#why = why;
    this.#socket.destroy();
  }

  #ask(packet: (messageId: number) => Packet): Promise<Answer> {
    const answer = deferred<Answer>();
    if (this.isClosed) return Promise.reject(new ConnectionLost(this.#why));
    do this.#nextId = (this.#nextId % 0xffff) + 1;
    while (this.#answers.has(this.#nextId));
    this.#answers.set(this.#nextId, answer);
    this.#send(packet(this.#nextId));
    return answer.promise;
  }

  #send(packet: Packet): void {
    this.#socket.write(mqtt.generate(packet, protocol));
  }

  #take(packet: Packet): void {
    this.#isHeard = true;
    switch (packet.cmd) {
      case 'connack':
        this.#connack.resolve(packet);
        return;
      case 'publish':
        this.#settings.onMessage(packet);
        return;
      case 'puback':
        this.#answered(packet.messageId, {
          reasonCode: packet.reasonCode ?? 0,
          reason: packet.properties?.reasonString,
        });
        return;
      case 'suback':
      case 'unsuback': {
        const granted = (packet.granted as readonly number[] | undefined)?.[0] ?? 0;
        this.#answered(packet.messageId, { reasonCode: granted, reason: packet.properties?.reasonString });
        return;
      }
      case 'disconnect':
        this.#why =
          packet.properties?.reasonString ?? `the server disconnected with reason code ${packet.reasonCode ?? 0}`;
        this.#isFault = faults.has(packet.reasonCode ?? 0);
        return;
      default:
    }
  }

  #answered(messageId: number | undefined, answer: Answer): void {
    if (messageId === undefined) return;
    const waiting = this.#answers.get(messageId);
    this.#answers.delete(messageId);
    waiting?.resolve(answer);
  }

  #room(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#quota++;
    else next();
  }

  #ping(): void {
    if (!this.#isHeard) {
      this.destroy('the server fell silent');
      return;
    }
    this.#isHeard = false;
    this.#send({ cmd: 'pingreq' });
  }

  #lose(): void {
    const action = this.#isOpen ? 'Lost the connection' : 'Cannot connect';
    const lost = new ConnectionLost(`${action} to ${this.#settings.url.host}: ${this.#why}`, this.#isFault);
    this.#connack.reject(lost);
    for (const { reject } of this.#answers.values()) reject(lost);
    this.#answers.clear();
    for (const next of this.#waiting.splice(0)) next();
  }
}

/** DISCONNECT reason codes that follow from what was sent: malformed, protocol error, topic, too large, payload format, not supported. */
const faults = new Set([0x81, 0x82, 0x90, 0x95, 0x99, 0x9a, 0x9b]);

/** CONNACK reason codes that can be another one in a moment: quota, busy, shutting down, rate. */
const passing = new Set([0x88, 0x89, 0x97, 0x9f, 0x80]);

function dial({ url, ca }: MqttSettings): Duplex {
  if (url.protocol === 'ws:' || url.protocol === 'wss:') return new WebSocketStream(url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'mqtt:') return connectTcp({ host, port: Number(url.port || 1883), noDelay: true });
  return connectTls({
    host,
    port: Number(url.port || 8883),
    servername: host,
    ...(ca !== undefined && { ca }),
  }).setNoDelay(true);
}

function connectPacket({ clientId, username, password, receiveMaximum }: MqttSettings): Packet {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: true,
    clientId,
    keepalive: keepAliveSeconds,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    properties: { receiveMaximum, requestProblemInformation: true },
  };
}

/** One name may have several values. */
function grouped(pairs: readonly (readonly [string, string])[]): UserProperties {
  const properties: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const known = properties[name];
    properties[name] = known === undefined ? value : [known, value].flat();
  }
  return properties as UserProperties;
}
