import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, STATUS_CODES } from 'node:http';
import { isLoopbackAddress, isLoopbackHost } from '../access/addresses.ts';

/** The subprotocol of MQTT; a client must ask for it, and a server must agree to it [MQTT-6.0.0-3] [MQTT-6.0.0-4]. */
const subprotocol = 'mqtt';

export interface WebSocketRules {
  readonly path: string;
  /**
   * Origins of web pages that may connect, `*` for all. Absent: pages of the server's own host name, and from this machine
   * only where that name is one of this machine.
   */
  readonly origins: readonly string[] | undefined;
}

/** Why a request does not become a WebSocket, as the HTTP response says it. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string;
}

type Upgrade = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers'>;

/** What an HTTP request that asks to become a WebSocket is refused with; undefined where it may. */
export function upgradeRefusal(
  request: Upgrade,
  rules: WebSocketRules,
  remoteAddress: string,
): UpgradeRefusal | undefined {
  const { method, url = '', headers } = request;
  if (headers.upgrade?.toLowerCase() !== 'websocket') return notUpgraded;
  if (method !== 'GET') return refusal(405, 'Send GET to open a WebSocket', { allow: 'GET' });
  if (url.split('?', 1)[0] !== rules.path) return refusal(404, `MQTT is spoken at ${rules.path}`);
  if (headers['sec-websocket-version'] !== '13') {
    return refusal(426, 'Speak WebSocket version 13', { 'sec-websocket-version': '13', upgrade: 'websocket' });
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    return refusal(400, 'Send 16 bytes in base64 as Sec-WebSocket-Key');
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (!offered.includes(subprotocol)) return refusal(400, `Ask for the subprotocol "${subprotocol}" [MQTT-6.0.0-3]`);
  return pageRefusal(headers, rules.origins, remoteAddress);
}

/** Every request that does not ask to become a WebSocket. */
export const notUpgraded: UpgradeRefusal = refusal(
  426,
  'MQTT over WebSocket is spoken here: connect with ws:// or wss://',
  {
    upgrade: 'websocket',
  },
);

/** A web page of anyone runs on this machine too, and would be taken for someone of this machine; a browser says whose it is. */
function pageRefusal(
  { host, origin }: IncomingHttpHeaders,
  origins: readonly string[] | undefined,
  remoteAddress: string,
): UpgradeRefusal | undefined {
  if (origin === undefined) return undefined;
  const allowed =
    origins === undefined
      ? isOwnPage(origin, host ?? '', remoteAddress)
      : origins.some((each) => each === '*' || each.toLowerCase() === origin.toLowerCase());
  return allowed
    ? undefined
    : refusal(403, "Name the page's origin in `origins` of the listener: this one may not connect");
}

function isOwnPage(origin: string, host: string, remoteAddress: string): boolean {
  const name = nameOf(/^https?:\/\/([^/?#@]+)$/i.exec(origin)?.[1]);
  if (name === undefined || name !== nameOf(host)) return false;
  return !isLoopbackAddress(remoteAddress) || isLoopbackHost(host);
}

/** A host without its port: the page's server and this one have different ones. */
function nameOf(host: string | undefined): string | undefined {
  return host?.replace(/:\d{1,5}$/, '').toLowerCase();
}

/**
 * The response with which the connection becomes a WebSocket: RFC 6455, section 4.2.2. Names and order are those of its example,
 * and the value of Upgrade, whose case is free, that of Mosquitto: clients and tests compare bytes.
 */
export function acceptance(key: string): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return response(101, {
    Upgrade: 'WebSocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': accept,
    'Sec-WebSocket-Protocol': subprotocol,
  });
}

/** An HTTP response as bytes: the connection belongs to nobody who would write it. */
export function response(status: number, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

/** The connection ends with the answer: nothing else is spoken here. */
export function refusalHeaders({ headers, reason }: UpgradeRefusal): Record<string, string> {
  const length = String(Buffer.byteLength(reason));
  return { ...headers, connection: 'close', 'content-type': 'text/plain', 'content-length': length };
}

function refusal(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): UpgradeRefusal {
  return { status, reason, headers };
}
