import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import mqtt, { type IPublishPacket, type ISubackPacket, type Packet } from 'mqtt-packet';

const version = { protocolVersion: 5 };

/** What a test lets the broker answer. What is absent succeeds. */
export interface Answers {
  readonly connack?: number;
  readonly puback?: (packet: IPublishPacket) => number;
  /** Stands beside a reason code of `puback`. */
  readonly pubackReason?: string;
  readonly suback?: { readonly code: number; readonly reasonString?: string };
  /** Closes the connection instead of an answer to packets of this kind. */
  readonly dropAt?: 'publish' | 'subscribe';
  /** Sent to the client after SUBACK. */
  readonly messages?: readonly Omit<IPublishPacket, 'cmd'>[];
}

/** An MQTT 5 server for one client that answers what it was told to and remembers what came. */
export class FakeBroker {
  readonly seen: Packet[] = [];
  /** Resolves after the first SUBACK was sent. */
  readonly subscribed: Promise<void>;
  readonly #answers: Answers;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribed = Promise.withResolvers<void>();

  constructor(answers: Answers = {}) {
    this.#answers = answers;
    this.subscribed = this.#subscribed.promise;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      const parser = mqtt.parser(version);
      parser.on('packet', (packet: Packet) => {
        this.seen.push(packet);
        if (packet.cmd === this.#answers.dropAt) return void socket.destroy();
        for (const answer of this.#answer(packet)) socket.write(mqtt.generate(answer, version));
        if (packet.cmd === 'subscribe') this.#subscribed.resolve();
      });
      socket.on('data', (chunk: Buffer) => parser.parse(chunk));
    });
  }

  /** Answers the URL. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Ends every connection without a word. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  of<C extends Packet['cmd']>(command: C): Extract<Packet, { cmd: C }>[] {
    return this.seen.filter((packet): packet is Extract<Packet, { cmd: C }> => packet.cmd === command);
  }

  #answer(packet: Packet): Packet[] {
    const { connack = 0, puback = () => 0, pubackReason, suback, messages = [] } = this.#answers;
    switch (packet.cmd) {
      case 'connect':
        return [{ cmd: 'connack', reasonCode: connack, sessionPresent: false }];
      case 'publish':
        if (packet.qos === 0) return [];
        return [
          {
            cmd: 'puback',
            messageId: packet.messageId,
            reasonCode: puback(packet),
            ...(pubackReason !== undefined && { properties: { reasonString: pubackReason } }),
          },
        ];
      case 'subscribe': {
        const granted = [suback?.code ?? 1];
        const properties = suback?.reasonString === undefined ? undefined : { reasonString: suback.reasonString };
        const answer = { cmd: 'suback', messageId: packet.messageId, granted, properties } as ISubackPacket;
        return [answer, ...messages.map((message) => ({ cmd: 'publish', ...message }) as IPublishPacket)];
      }
      default:
        return [];
    }
  }
}
