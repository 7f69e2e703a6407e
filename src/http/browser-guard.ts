import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackHost } from '../access/addresses.ts';
import { SluiceError } from '../errors.ts';

/**
 * Keeps web pages from using a server that trusts where a request comes from: a page of another site runs on this machine
 * too. Such a page is known by its `Origin`; one that had its own name resolve to this machine (DNS rebinding) by the `Host`
 * that the browser still sends. `loopbackOnly`: only names of this machine are taken as `Host`. Throws `not_authorized`.
 */
export function refuseForeignPage(headers: IncomingHttpHeaders, loopbackOnly: boolean): void {
  const { host, origin } = headers;
  if (origin !== undefined && (host === undefined || originHost(origin) !== host.toLowerCase())) {
    throw new SluiceError(
      'not_authorized',
      `Send a bearer token, or call from the server's own pages: ${quoted(origin)} is another origin than ${quoted(host ?? '')}`,
    );
  }
  if (loopbackOnly && host !== undefined && !isLoopbackHost(host)) {
    throw new SluiceError(
      'not_authorized',
      `Send credentials, or address the server as localhost: without credentials it does not answer to ${quoted(host)}`,
    );
  }
}

function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/?#@]+)$/i.exec(origin)?.[1].toLowerCase();
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
