import { errorCatalogue, SluiceError } from '../errors.ts';
import { decodePacket } from '../mqtt/codec/decode.ts';
import { decodeAck, emptyAck } from '../mqtt/codec/decode-ack.ts';
import { checkIsConnect, connectVersionOf } from '../mqtt/codec/decode-connect.ts';
import { decodePublish, emptyPublish } from '../mqtt/codec/decode-publish.ts';
import { checkFirstByte, packetName, withoutDupOfMqtt31 } from '../mqtt/codec/fixed-header.ts';
import { type FrameHandler, FrameReader, UngatheredPacket } from '../mqtt/codec/frames.ts';
import { MalformedPacket, RefusedConnect } from '../mqtt/codec/malformed.ts';
import { type ControlPacket, PacketType, type ProtocolVersion } from '../mqtt/codec/packets.ts';
import { writeFrame } from '../mqtt/codec/write-frame.ts';
import { ByteWriter, copyOf } from '../std/bytes.ts';
import type { Meter } from './admission/publish-rates.ts';
import { congestedBytesMin } from './congestion.ts';
import { Connection } from './connection.ts';
import type { BrokerContext } from './context.ts';
import { authenticationOf, handleAuth, handleConnectWithMethod } from './handlers/auth.ts';
import { handleClaimantPacket, handleClaimantPublish } from './handlers/claim.ts';
import { handleConnect } from './handlers/connect.ts';
import { handleDisconnect } from './handlers/disconnect.ts';
import { handlePingreq } from './handlers/pingreq.ts';
import { handlePuback } from './handlers/puback.ts';
import { handlePubcomp } from './handlers/pubcomp.ts';
import { handlePublish } from './handlers/publish.ts';
import { handlePubrec } from './handlers/pubrec.ts';
import { handlePubrel } from './handlers/pubrel.ts';
import { refuseConnect } from './handlers/refuse-connect.ts';
import { handleSubscribe } from './handlers/subscribe.ts';
import { handleUnsubscribe } from './handlers/unsubscribe.ts';
import { connectPacketBytesMax } from './limits.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** Bytes of one socket → frames → packets → the handler of each. Decides what may come in which phase of the connection. */
export class Receiver implements TransportHandler, FrameHandler {
  readonly #connection: Connection;
  readonly #context: BrokerContext;
  readonly #reader: FrameReader;
  /**
   * Packets that came behind CONNECT before it was answered, as they came; no more than one read, since reading is paused.
   * Bytes, because an object for each packet of two bytes takes fifty times as much, and whoever waits here is nobody yet.
   */
  #held: ByteWriter | undefined;
  #heldProblem: unknown;
  #meter: Meter | undefined;
  /** PUBLISH packets in the read that is being handled. */
  #publishes = 0;

  constructor(context: BrokerContext, transport: Transport) {
    this.#context = context;
    this.#connection = new Connection(context, transport);
    this.#reader = new FrameReader(
      this,
      Math.min(connectPacketBytesMax, this.#connection.receivedBytesMax),
      context.gathering.strangers,
    );
  }

  receive(chunk: Buffer): void {
    const connection = this.#connection;
    if (connection.phase === 'closed') return;
    // Before CONNECT the time runs from the start, whatever trickles in.
    if (connection.phase === 'connected') connection.lastReceivedAt = this.#context.clock.now();
    this.#context.counters.bytesIn += chunk.length;
    this.#publishes = 0;
    try {
      this.#reader.push(chunk);
    } catch (problem) {
      // The client is answered first, and told then.
      if (connection.phase === 'authenticating') this.#heldProblem = problem;
      else this.#failed(problem);
    }
    this.#holdWhileFull();
    if (this.#meter !== undefined) this.#charge(this.#meter, chunk.length);
  }

  room(): Buffer | undefined {
    return this.#reader.room();
  }

  drained(): void {
    const connection = this.#connection;
    try {
      if (connection.phase === 'connected' || connection.phase === 'claiming') this.#goOnReading(connection);
      if (connection.phase === 'connected') this.#goOnSending(connection);
    } catch (problem) {
      this.#failed(problem);
    }
  }

  closed(): void {
    this.#reader.close();
    this.#context.addressCounts.leave(this.#connection.transport.peer.remoteAddress);
    if (this.#meter !== undefined) this.#context.publishRates.leave(this.#meter);
    try {
      this.#connection.leave();
    } catch (problem) {
      this.#context.log.error('Connection could not be left in order', { error: problem });
    }
  }

  #goOnReading(connection: Connection): void {
    if (!connection.isOutputFull) return;
    if (connection.transport.bufferedBytes > this.#context.limits.outputBytesMax / 2) return;
    connection.unhold();
    connection.isOutputFull = false;
  }

  #goOnSending(connection: Connection): void {
    if (connection.transport.bufferedBytes < congestedBytesMin) connection.congestion.over();
    for (const subscription of connection.queueSubscriptions.values()) subscription.drained();
    this.#context.deliverer.pump(connection.session);
    connection.greetings.pump(connection.session);
  }

  #charge(meter: Meter, bytes: number): void {
    if (this.#connection.phase === 'connected') this.#context.publishRates.charge(meter, this.#publishes, bytes);
  }

  /** A client that does not take the answers to what it sends is not read until it does. */
  #holdWhileFull(): void {
    const connection = this.#connection;
    if (connection.isOutputFull || (connection.phase !== 'connected' && connection.phase !== 'claiming')) return;
    if (connection.transport.bufferedBytes <= this.#context.limits.outputBytesMax) return;
    connection.isOutputFull = true;
    connection.hold('output_full');
  }

  frame(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean {
    const { phase, isMqtt31 } = this.#connection;
    const first = isMqtt31 ? withoutDupOfMqtt31(firstByte) : firstByte;
    if (phase === 'connected') this.#packet(buffer, first, bodyStart, bodyEnd);
    else if (phase === 'claiming') this.#claimed(first, bodyOf(buffer, bodyStart, bodyEnd));
    else if (phase === 'awaiting-connect') this.#first(firstByte, bodyOf(buffer, bodyStart, bodyEnd));
    else if (phase === 'exchanging') this.#exchanged(firstByte, bodyOf(buffer, bodyStart, bodyEnd));
    else if (phase === 'authenticating') this.#hold(firstByte, buffer.subarray(bodyStart, bodyEnd));
    return this.#connection.phase !== 'closed';
  }

  /** PUBLISH and its acknowledgements are read where they lie, all others from a copy: what handles them may take its time. */
  #packet(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): void {
    this.#context.counters.packetsIn++;
    const connection = this.#connection;
    switch (firstByte >> 4) {
      case PacketType.publish:
        this.#publishes++;
        handlePublish(connection, decodePublish(buffer, firstByte, bodyStart, bodyEnd, connection.version, publish));
        break;
      case PacketType.puback:
        handlePuback(connection, decodeAck(buffer, firstByte, bodyStart, bodyEnd, connection.version, ack));
        break;
      case PacketType.pubrec:
        handlePubrec(connection, decodeAck(buffer, firstByte, bodyStart, bodyEnd, connection.version, ack));
        break;
      case PacketType.pubrel:
        handlePubrel(connection, decodeAck(buffer, firstByte, bodyStart, bodyEnd, connection.version, ack));
        break;
      case PacketType.pubcomp:
        handlePubcomp(connection, decodeAck(buffer, firstByte, bodyStart, bodyEnd, connection.version, ack));
        break;
      default:
        if (firstByte >> 4 === PacketType.auth) authenticationOf(connection);
        checkIsOfClient(firstByte);
        this.#control(decodeBody(firstByte, bodyOf(buffer, bodyStart, bodyEnd), connection.version));
    }
  }

  #control(packet: ControlPacket): void {
    const connection = this.#connection;
    switch (packet.type) {
      case PacketType.subscribe:
        this.#holdUntil(handleSubscribe(connection, packet));
        break;
      case PacketType.unsubscribe:
        this.#holdUntil(handleUnsubscribe(connection, packet));
        break;
      case PacketType.pingreq:
        handlePingreq(connection);
        break;
      case PacketType.disconnect:
        handleDisconnect(connection, packet);
        break;
      case PacketType.auth:
        handleAuth(connection, packet).catch((problem: unknown) => this.#failed(problem));
        break;
      case PacketType.connect:
        throw new MalformedPacket(0x82, 'Expected CONNECT once per connection', 'MQTT-3.1.0-2');
      default:
        throw new MalformedPacket(
          0x82,
          `Expected a packet that a client may send, met type ${packet.type}`,
          'section 2.1.2',
        );
    }
  }

  /** What waits for storage or a queue is waited for: however many the client sends, those of one read are under way. */
  #holdUntil(step: void | Promise<void>): void {
    if (step === undefined) return;
    const connection = this.#connection;
    connection.hold();
    step.catch((problem: unknown) => this.#failed(problem)).finally(() => connection.unhold());
  }

  #first(firstByte: number, body: Buffer): void {
    this.#context.counters.packetsIn++;
    checkIsConnect(firstByte);
    const packet = decodeBody(firstByte, body, 4);
    if (packet.type !== PacketType.connect) return;
    const isExchange = packet.properties?.authenticationMethod !== undefined;
    // A client that is asked for more goes on being nobody.
    if (!isExchange) this.#reader.packetBytesMax = this.#connection.receivedBytesMax;
    this.#connection.hold();
    this.#goOnAfter(
      isExchange ? handleConnectWithMethod(this.#connection, packet) : handleConnect(this.#connection, packet),
    );
  }

  #claimed(firstByte: number, body: Buffer): void {
    this.#context.counters.packetsIn++;
    const connection = this.#connection;
    const { claimant, version } = connection;
    if (claimant === undefined) return;
    if (firstByte >> 4 === PacketType.publish)
      handleClaimantPublish(connection, claimant, decodePublish(body, firstByte, 0, body.length, version));
    else {
      checkIsOfClient(firstByte);
      handleClaimantPacket(connection, claimant, decodeBody(firstByte, body, version));
    }
  }

  /** Between CONNECT and CONNACK of a client that named an Authentication Method. */
  #exchanged(firstByte: number, body: Buffer): void {
    checkIsOfExchange(firstByte);
    const connection = this.#connection;
    const packet = decodeBody(firstByte, body, connection.version);
    if (packet.type !== PacketType.auth) {
      connection.leave();
      connection.transport.end();
      return;
    }
    connection.phase = 'authenticating';
    connection.hold();
    this.#goOnAfter(handleAuth(connection, packet));
  }

  /** What comes while the server finds out who the client is waits until it knows. */
  #hold(firstByte: number, body: Buffer): void {
    if (this.#connection.authentication !== undefined) checkIsOfExchange(firstByte);
    this.#held ??= new ByteWriter();
    writeFrame(this.#held, firstByte, body);
  }

  #goOnAfter(step: Promise<void>): void {
    step.then(() => this.#goOn()).catch((problem: unknown) => this.#failed(problem));
  }

  #goOn(): void {
    const connection = this.#connection;
    if (connection.phase === 'connected') this.#begin(connection);
    else if (connection.phase === 'claiming') this.#reader.packetBytesMax = connection.receivedBytesMax;
    else if (connection.phase !== 'exchanging') return;
    const held = this.#held?.bytes();
    this.#held = undefined;
    if (held !== undefined && !this.#isFine(held)) return;
    if (this.#heldProblem !== undefined) {
      this.#failed(this.#heldProblem);
      return;
    }
    if (this.#meter !== undefined) this.#charge(this.#meter, 0);
    connection.unhold();
  }

  #begin(connection: Connection): void {
    this.#reader.packetBytesMax = connection.receivedBytesMax;
    this.#reader.budget = this.#context.gathering.clients;
    connection.lastReceivedAt = this.#context.clock.now();
    this.#meter = this.#context.publishRates.meter(
      connection,
      connection.session.clientId,
      connection.transport.peer.remoteAddress,
    );
  }

  /** Hands out the packets that were held; false where the connection ended by one of them. */
  #isFine(held: Buffer): boolean {
    try {
      new FrameReader(this, held.length, this.#context.gathering.clients).push(held);
    } catch (problem) {
      this.#failed(problem);
    }
    return this.#connection.phase !== 'closed';
  }

  #failed(problem: unknown): void {
    const connection = this.#connection;
    if (problem instanceof MalformedPacket) {
      this.#context.counters.packetsMalformed++;
      this.#context.admission.malformed(connection.transport.peer.remoteAddress);
      if (problem instanceof RefusedConnect && connection.phase === 'awaiting-connect') {
        connection.version = problem.version;
        refuseConnect(connection, problem.reasonCode, problem.message);
      }
      this.#end(problem.reasonCode, problem.message);
      return;
    }
    if (problem instanceof SluiceError) {
      if (problem instanceof UngatheredPacket && connection.phase === 'awaiting-connect')
        this.#refuseUngathered(problem);
      else this.#end(errorCatalogue[problem.code].mqtt, problem.message);
      return;
    }
    this.#context.log.error('Connection failed by an error in the server', { error: problem });
    connection.disconnect(0x80, 'An error in the server');
  }

  /** CONNACK may say why; a DISCONNECT before it may not [MQTT-3.14.0-1]. */
  #end(reasonCode: number, reason: string): void {
    const connection = this.#connection;
    if (connection.phase === 'exchanging' || connection.phase === 'authenticating')
      refuseConnect(connection, reasonCode, reason);
    connection.disconnect(reasonCode, reason);
  }

  /** A CONNECT that came in part, when there was no room for more such. */
  #refuseUngathered({ beginning, code, message }: UngatheredPacket): void {
    try {
      this.#connection.version = connectVersionOf(beginning);
    } catch (problem) {
      this.#failed(problem);
      return;
    }
    refuseConnect(this.#connection, errorCatalogue[code].mqtt, message, 'debug');
  }
}

/** Packets are handled one after the other, whichever connection they are of, so one place is enough for what was decoded. */
const publish = emptyPublish();
const ack = emptyAck();

/** What only a server sends is not read further, so that its kind alone decides on the reason code. */
function checkIsOfClient(firstByte: number): void {
  checkFirstByte(firstByte);
  const type = firstByte >> 4;
  if (!serverPackets.has(type)) return;
  throw new MalformedPacket(0x82, `Expected a packet that a client may send, met ${packetName(type)}`, 'section 2.1.2');
}

const serverPackets: ReadonlySet<number> = new Set([
  PacketType.connack,
  PacketType.suback,
  PacketType.unsuback,
  PacketType.pingresp,
]);

/** Until it is answered, a client that named an Authentication Method sends nothing else [MQTT-3.1.2-30]. */
function checkIsOfExchange(firstByte: number): void {
  checkFirstByte(firstByte);
  const type = firstByte >> 4;
  if (type === PacketType.auth || type === PacketType.disconnect) return;
  throw new MalformedPacket(
    0x82,
    `Expected AUTH or DISCONNECT before CONNACK, met ${packetName(type)}`,
    'MQTT-3.1.2-30',
  );
}

function bodyOf(buffer: Buffer, bodyStart: number, bodyEnd: number): Buffer {
  return copyOf(buffer.subarray(bodyStart, bodyEnd));
}

function decodeBody(firstByte: number, body: Buffer, version: ProtocolVersion): ControlPacket {
  return decodePacket(body, firstByte, 0, body.length, version);
}
