import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/*
 * The header of HAProxy's PROXY protocol, with which a load balancer tells whose connection it hands on.
 *
 * Version 1, a line:    PROXY TCP4 192.0.2.1 198.51.100.1 56324 1883\r\n
 *                       PROXY UNKNOWN …\r\n
 * Version 2, binary:    0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 2 command | family protocol | length (2) | addresses | TLVs
 */

/** The most that a line of version 1 has, with its end. */
const lineBytesMax = 107;
/** A longer header of version 2 is refused: addresses take 216 bytes at most, the rest is for what we skip. */
export const proxyHeaderBytesMax = 4 * 1024;

const linePrefix = Buffer.from('PROXY ');
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const fixedBytes = 16;

/** What the bytes of a connection's beginning say. */
export type ProxyReading =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'header';
      /** Bytes of the header; what stands behind them is the connection's. */
      readonly length: number;
      /** Whose connection it is: an address, the proxy's own (`local`), or one that the proxy cannot tell (`unknown`). */
      readonly source: { readonly address: string } | 'local' | 'unknown';
    };

/** Reads the header, of either version, at the beginning of `bytes`. Never wants more than `proxyHeaderBytesMax`. */
export function readProxyHeader(bytes: Buffer): ProxyReading {
  if (startsLike(bytes, signature)) return bytes.length < fixedBytes ? incomplete : readBinary(bytes);
  if (startsLike(bytes, linePrefix)) return readLine(bytes);
  return malformed('expected a PROXY protocol header, met something else');
}

function readLine(bytes: Buffer): ProxyReading {
  const end = bytes.subarray(0, lineBytesMax).indexOf('\r\n');
  if (end < 0) {
    return bytes.length < lineBytesMax ? incomplete : malformed(`expected a line of at most ${lineBytesMax} bytes`);
  }
  const length = end + 2;
  const line = bytes.toString('latin1', 0, end);
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'header', length, source: 'unknown' };
  const [, family, source, destination, ...ports] = line.split(' ');
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined;
  if (isAddress === undefined) return malformed(`expected TCP4, TCP6 or UNKNOWN, met ${JSON.stringify(family)}`);
  if (!isAddress(source) || !isAddress(destination)) return malformed(`expected two addresses of ${family}`);
  if (ports.length !== 2 || !ports.every(isPort)) return malformed('expected two ports behind the addresses');
  return told(length, source, family === 'TCP4' ? 'ipv4' : 'ipv6');
}

function readBinary(bytes: Buffer): ProxyReading {
  const [version, command] = [bytes[12] >> 4, bytes[12] & 0x0f];
  if (version !== 2) return malformed(`expected version 2 behind the signature, met ${version}`);
  if (command > 1) return malformed(`expected the command LOCAL or PROXY, met ${command}`);
  const length = fixedBytes + bytes.readUInt16BE(14);
  if (length > proxyHeaderBytesMax) return malformed(`expected at most ${proxyHeaderBytesMax} bytes, met ${length}`);
  if (bytes.length < length) return incomplete;
  if (command === 0) return { kind: 'header', length, source: 'local' };
  const family = streamFamilies.get(bytes[13]);
  if (family === undefined) return { kind: 'header', length, source: 'unknown' };
  if (length < fixedBytes + 2 * family.addressBytes + portsBytes) return malformed('expected two addresses and ports');
  const address = bytes.subarray(fixedBytes, fixedBytes + family.addressBytes);
  return told(length, family.text(address), family.name);
}

const portsBytes = 4;

/** TCP by its byte for family and protocol; what else there is (datagrams, Unix sockets) has no address that means something here. */
const streamFamilies: ReadonlyMap<number, StreamFamily> = new Map([
  [0x11, { name: 'ipv4' as const, addressBytes: 4, text: (address: Buffer) => address.join('.') }],
  [0x21, { name: 'ipv6' as const, addressBytes: 16, text: groupsOf }],
]);

interface StreamFamily {
  readonly name: 'ipv4' | 'ipv6';
  readonly addressBytes: number;
  readonly text: (address: Buffer) => string;
}

function groupsOf(address: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16)).join(':');
}

/** One address has one text, whichever way it was told. */
function told(length: number, address: string, family: 'ipv4' | 'ipv6'): ProxyReading {
  return { kind: 'header', length, source: { address: new SocketAddress({ address, family }).address } };
}

/** Whether the bytes agree with the pattern as far as both go. */
function startsLike(bytes: Buffer, pattern: Buffer): boolean {
  const length = Math.min(bytes.length, pattern.length);
  return bytes.compare(pattern, 0, length, 0, length) === 0;
}

/** Without a zone, which means something on the proxy's machine only. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}

const incomplete: ProxyReading = { kind: 'incomplete' };

function malformed(reason: string): ProxyReading {
  return { kind: 'malformed', reason };
}
