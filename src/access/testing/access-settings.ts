import type { Arrival } from '../access.ts';
import type { AccessSettings } from '../access-setup.ts';
import { authenticatorNames } from '../proof.ts';

/** A caller over HTTP that shows no certificate. */
export function overHttp(remoteAddress: string): Arrival {
  return { remoteAddress, certificate: undefined, through: { listener: 'http' } };
}

/** Settings that let nobody in but from this machine, but for what a test says. */
export const testSettings: AccessSettings = {
  anonymous: 'loopback',
  order: authenticatorNames,
  users: [],
  tokens: [],
  rules: [],
  devices: { audience: 'sluice', tokenSeconds: 86_400 },
  jwt: {
    algorithms: [],
    secret: undefined,
    publicKeyFile: undefined,
    jwksUrl: undefined,
    jwksRefreshSeconds: 300,
    issuer: undefined,
    audience: undefined,
    clockToleranceSeconds: 0,
    nameClaim: 'sub',
    adminClaim: undefined,
    username: 'any',
    rules: [],
  },
  http: {
    url: undefined,
    authorization: undefined,
    timeoutMs: 2_000,
    concurrentMax: 4,
    waitingMax: 16,
    cacheSeconds: 60,
    cacheEntriesMax: 100,
  },
};
