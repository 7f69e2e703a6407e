import { SluiceError } from '../errors.ts';
import type { AccessChange, Credentials, Identity } from './access.ts';
import type { AuthenticatorName } from './proof.ts';
import type { Source } from './source.ts';

/** What a client shows: credentials over MQTT, the same or a bearer token over HTTP. */
export interface Login extends Credentials {
  readonly token: string | undefined;
}

/** One way to find out who a client is. */
export interface Authenticator {
  readonly name: AuthenticatorName;
  /**
   * Who it is; undefined where this way does not know the client, so that the next one is asked. Rejects where it does and
   * the client may not come in: then nobody else is asked.
   */
  authenticate(login: Login): Promise<Identity | undefined>;
  /**
   * What has become of an identity of this way: the same, one with other rights, or undefined where what it showed counts
   * no more.
   */
  reexamine(identity: Identity, change: AccessChange): Promise<Identity | undefined> | Identity | undefined;
  /** Who came in this way under that name would be today, without showing anything; undefined where it would be nobody. */
  ofSource(source: Source): Promise<Identity | undefined> | Identity | undefined;
}

/** One answer for every wrong credential, so that it does not tell which part was wrong. `cause` is for the log. */
export function wrongCredentials(cause: string): SluiceError {
  return new SluiceError(
    'unauthenticated',
    'Check the user name and password: the server does not accept these credentials',
    { cause },
  );
}

export function wrongToken(cause: string): SluiceError {
  return new SluiceError('unauthenticated', 'Check the bearer token: the server does not know this one', { cause });
}
