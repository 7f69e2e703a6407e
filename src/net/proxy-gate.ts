import type { BlockList } from 'node:net';
import { isLoopbackAddress } from '../access/addresses.ts';
import { blockListOf, isListed } from '../access/network.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import type { Gate, Refusal, Visit } from './visit.ts';

/** Reads the PROXY protocol's header, which must be there, and takes the connection for the one that it tells of. */
export class ProxyGate implements Gate {
  readonly #trusted: BlockList | undefined;

  /** `trusted`: addresses and networks (`10.0.0.0/8`) of proxies; absent: all. */
  constructor(trusted: readonly string[] | undefined) {
    this.#trusted = trusted && blockListOf(trusted);
  }

  pass(visit: Visit, done: (refusal?: Refusal) => void): void {
    if (this.#trusted !== undefined && !isListed(this.#trusted, visit.remoteAddress)) {
      done({ reason: 'proxy_untrusted', detail: 'The connection comes from no address of `proxyTrusted`' });
      return;
    }
    const { socket } = visit;
    const receive = (chunk: Buffer): void => {
      visit.head = visit.head.length === 0 ? chunk : Buffer.concat([visit.head, chunk]);
      const reading = readProxyHeader(visit.head);
      if (reading.kind === 'incomplete') return;
      socket.off('data', receive);
      socket.pause();
      if (reading.kind === 'malformed') {
        done({ reason: 'proxy_header', detail: reading.reason });
        return;
      }
      visit.head = visit.head.subarray(reading.length);
      visit.remoteAddress = toldAddress(reading.source, visit.remoteAddress);
      done();
    };
    socket.on('data', receive);
    socket.resume();
  }
}

/**
 * An address of this machine counts only where the proxy is on this machine too: that of another machine is not ours. Where
 * the proxy cannot tell, nobody is known, and nothing may follow from the address.
 */
function toldAddress(source: { readonly address: string } | 'local' | 'unknown', proxy: string): string {
  if (source === 'local') return proxy;
  if (source === 'unknown') return '';
  return isLoopbackAddress(source.address) && !isLoopbackAddress(proxy) ? proxy : source.address;
}
