import type { Credentials, Identity } from '../../access/access.ts';
import { errorCatalogue, SluiceError, toSluiceError } from '../../errors.ts';
import { MalformedPacket } from '../../mqtt/codec/malformed.ts';
import { type AuthPacket, type ConnectPacket, PacketType } from '../../mqtt/codec/packets.ts';
import type { Authentication, Connection, RunningExchange } from '../connection.ts';
import { ownerOf } from '../session.ts';
import { acceptLogin, beginLogin, refuseLogin } from './connect.ts';
import { refuseConnect } from './refuse-connect.ts';

/*
 * Enhanced authentication, MQTT 5 section 4.12:
 *
 *   CONNECT method, data      ──►              connected already:
 *                             ◄──  AUTH 0x18      AUTH 0x19  ──►
 *   AUTH 0x18                 ──►                            ◄──  AUTH 0x18
 *                             ◄──  CONNACK 0      AUTH 0x18  ──►
 *                                                            ◄──  AUTH 0
 */
const success = 0x00;
const goOn = 0x18;
const authenticateAgain = 0x19;

/** CONNECT with an Authentication Method. */
export async function handleConnectWithMethod(connection: Connection, packet: ConnectPacket): Promise<void> {
  const login = beginLogin(connection, packet);
  if (login === undefined) return;
  const { credentials } = login;
  const method = packet.properties?.authenticationMethod ?? '';
  const exchange = connection.context.access.beginExchange(method, credentials);
  if (exchange === undefined) {
    // [MQTT-4.12.0-1]
    refuseConnect(connection, 0x8c, `Authentication method "${method.slice(0, 64)}" is not supported`);
    return;
  }
  const running: RunningExchange = {
    exchange,
    isBusy: false,
    done: (identity, data) => acceptLogin(connection, login, identity, data),
    failed: (problem) => refuseLogin(connection, login, problem),
  };
  connection.authentication = { method, credentials, running };
  await advance(connection, connection.authentication, running, packet.properties?.authenticationData);
}

/** What CONNECT began by naming a method. Without one every AUTH breaks the protocol, whatever is in it. */
export function authenticationOf({ authentication }: Connection): Authentication {
  if (authentication !== undefined) return authentication;
  throw new MalformedPacket(0x82, 'Expected no AUTH where CONNECT named no method', 'MQTT-4.12.0-7');
}

/** What the client answers to a challenge, or the begin of a login anew. Everything else breaks the protocol. */
export async function handleAuth(connection: Connection, packet: AuthPacket): Promise<void> {
  const authentication = authenticationOf(connection);
  const { authenticationMethod, authenticationData } = packet.properties ?? {};
  if (authenticationMethod !== authentication.method)
    throw new MalformedPacket(0x82, 'Expected AUTH with the method of CONNECT', 'MQTT-4.12.0-5');
  const isAgain = packet.reasonCode === authenticateAgain;
  if (isAgain && connection.phase === 'connected' && authentication.running === undefined)
    authentication.running = again(connection, authentication);
  else if (packet.reasonCode !== goOn || authentication.running?.isBusy !== false)
    throw new MalformedPacket(0x82, `Expected no AUTH with reason code ${packet.reasonCode} now`, 'section 4.12');
  if (authentication.running !== undefined)
    await advance(connection, authentication, authentication.running, authenticationData);
}

async function advance(
  connection: Connection,
  authentication: Authentication,
  running: RunningExchange,
  received: Buffer | undefined,
): Promise<void> {
  running.isBusy = true;
  const step = await running.exchange.step(received).catch(toSluiceError);
  if (connection.phase === 'closed') return;
  running.isBusy = false;
  if (!(step instanceof SluiceError) && step.identity === undefined) {
    challenge(connection, authentication.method, step.data);
    return;
  }
  authentication.running = undefined;
  if (step instanceof SluiceError) running.failed(step);
  else running.done(step.identity as Identity, step.data);
}

/** [MQTT-4.12.0-2] */
function challenge(connection: Connection, method: string, data: Buffer | undefined): void {
  if (connection.phase === 'authenticating') connection.phase = 'exchanging';
  sendAuth(connection, goOn, method, data);
}

/** Undefined, and the connection ends, where the method is not known any more. Other packets go on meanwhile. */
function again(connection: Connection, { method, credentials }: Authentication): RunningExchange | undefined {
  const { access, rights } = connection.context;
  const since = rights.version;
  const exchange = access.beginExchange(method, credentials);
  if (exchange === undefined) {
    connection.disconnect(0x87, `Authentication method "${method}" is not supported any more`);
    return undefined;
  }
  return {
    exchange,
    isBusy: false,
    done: (identity, data) => becomeAgain(connection, method, identity, data, since),
    failed: (problem) => failAgain(connection, credentials, problem),
  };
}

function becomeAgain(
  connection: Connection,
  method: string,
  identity: Identity,
  data: Buffer | undefined,
  since: number,
): void {
  if (ownerOf(identity) !== connection.session.owner) {
    connection.disconnect(0x87, 'Expected the same client to prove who it is, met another one');
    return;
  }
  sendAuth(connection, success, method, data);
  connection.context.rights.loggedInAgain(connection, identity, since);
}

/** [MQTT-4.12.1-2] */
function failAgain(connection: Connection, credentials: Credentials, problem: SluiceError): void {
  connection.context.admission.loginFailed(credentials, problem.code);
  // DISCONNECT has no code for a server that is not ready.
  const { mqtt } = errorCatalogue[problem.code];
  connection.disconnect(mqtt === 0x88 ? 0x80 : mqtt, problem.message);
}

function sendAuth(
  connection: Connection,
  reasonCode: number,
  authenticationMethod: string,
  data: Buffer | undefined,
): void {
  const properties = { authenticationMethod, ...(data !== undefined && { authenticationData: data }) };
  if (connection.send({ type: PacketType.auth, reasonCode, properties })) return;
  connection.disconnect(0x95, 'The client takes no packet as large as AUTH');
}
