import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import { algorithmsOf } from './jwt-key.ts';
import type { Turns } from './turns.ts';

export interface DeviceKeySettings {
  /** What the claim `aud` of a device's token must hold: a token for another server is none for this one. */
  readonly audience: string;
  /** How long a device's token may still hold when it is shown. */
  readonly tokenSeconds: number;
}

export interface DeviceKeyParts {
  readonly tokenTurns: Turns;
  readonly clock: Clock;
}

const tokenCharactersMax = 8 * 1024;
const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Clocks of devices are not exact. */
const clockToleranceSeconds = 60;

/** JSON Web Tokens that devices sign with their own keys, of which the registry has the public halves. */
export class DeviceKeys {
  readonly #settings: DeviceKeySettings;
  readonly #parts: DeviceKeyParts;

  constructor(settings: DeviceKeySettings, parts: DeviceKeyParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** The device that a text says to be of, where it is a token for this server. Says nothing about its signature. */
  claimedDevice(text: string): string | undefined {
    if (!isCompact(text)) return undefined;
    try {
      const { sub, aud } = decodeJwt(text);
      return [aud].flat().includes(this.#settings.audience) ? sub : undefined;
    } catch (problem) {
      if (problem instanceof errors.JOSEError || problem instanceof TypeError) return undefined;
      throw problem;
    }
  }

  /** Until when the token of this device holds, in epoch milliseconds; undefined where the key did not sign it. Rejects with `unauthenticated` where it did and it does not hold. */
  async verify(text: string, deviceId: string, pem: string, remoteAddress: string): Promise<number | undefined> {
    return this.#parts.tokenTurns.take(remoteAddress, () => this.#verified(text, deviceId, pem));
  }

  async #verified(text: string, deviceId: string, pem: string): Promise<number | undefined> {
    const { audience, tokenSeconds } = this.#settings;
    const now = this.#parts.clock.now();
    const key = createPublicKey(pem);
    try {
      const { payload } = await jwtVerify(text, key, {
        algorithms: [...algorithmsOf(key)],
        audience,
        subject: deviceId,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now),
        requiredClaims: ['exp'],
      });
      const { exp = 0 } = payload;
      if (exp * 1000 - now <= (tokenSeconds + clockToleranceSeconds) * 1000)
        return (exp + clockToleranceSeconds) * 1000;
      throw refused(`it holds for more than ${tokenSeconds} seconds`);
    } catch (problem) {
      if (problem instanceof errors.JWTExpired) throw refused('it has expired');
      if (problem instanceof errors.JWTClaimValidationFailed)
        throw refused(`its claim "${problem.claim}" does not hold`);
      if (problem instanceof errors.JOSEError || problem instanceof TypeError) return undefined;
      throw problem;
    }
  }
}

/** The public key of a device as it is kept. Throws `invalid_argument` where it is none that tokens can be checked by. */
export function readDeviceKey(pem: string): string {
  if (pem.includes('PRIVATE KEY')) throw unusable('it is a private one, which stays with the device');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw unusable('expected a public key in PEM', cause);
  }
  algorithmsOf(key);
  if (key.asymmetricKeyType === 'rsa' && !isRsaSize(key)) throw unusable('expected an RSA key of 2048 to 8192 bits');
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function isRsaSize({ asymmetricKeyDetails }: KeyObject): boolean {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  return bits >= 2048 && bits <= 8192;
}

function isCompact(text: string): boolean {
  return text.length <= tokenCharactersMax && compactForm.test(text);
}

function refused(why: string): SluiceError {
  return new SluiceError('unauthenticated', `Check the token: ${why}`);
}

function unusable(why: string, cause?: unknown): SluiceError {
  return new SluiceError('invalid_argument', `Cannot use the key of the device: ${why}`, { cause });
}
