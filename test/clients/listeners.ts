import { after } from 'node:test';
import { TestAuthority } from '../../src/std/testing/certificates.ts';
import { type Server, startConfigured } from '../server.ts';

/** The authority of the file's tests: of the server's certificate, and of those that it wants of clients. */
export function testAuthority(): TestAuthority {
  const authority = new TestAuthority();
  after(() => authority.remove());
  return authority;
}

/** A server for all tests of a file, that listens in every way that there is, on free ports, by the name of the way. */
export function startListeners(authority: TestAuthority): Promise<Server> {
  const files = authority.issueServer();
  const mutual = { ...files, caFile: authority.caFile, clientCertificate: 'require' };
  const listeners = {
    tls: { type: 'tls', port: 0, tls: files },
    mutual: { type: 'tls', port: 0, tls: mutual, certificateIdentity: 'commonName' },
    ws: { type: 'ws', port: 0 },
    wss: { type: 'wss', port: 0, tls: files },
  };
  // Whom the client certificate of the tests names.
  const users = [{ name: 'device-7', password: 'not needed with the certificate', admin: true }];
  return startConfigured({ after }, { listeners, access: { users } });
}
