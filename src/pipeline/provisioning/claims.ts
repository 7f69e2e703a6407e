import { Ajv } from 'ajv';
import { tokenDigest } from '../../access/device-token.ts';
import type { Claim, ClaimKeyStore } from '../../devices/claim-keys.ts';
import type { Device } from '../../devices/device.ts';
import { type ErrorCode, SluiceError } from '../../errors.ts';
import type { Clock } from '../../std/clock.ts';
import { schemaSentence } from '../../std/schema-sentence.ts';
import { jsonOfBytes } from '../json-bytes.ts';
import { ClaimAttempts, type ClaimLimit } from './claim-attempts.ts';
import { claimFields, claimFieldsNeeded } from './claim-fields.ts';
import { type CredentialBody, newCredential } from './new-credential.ts';

export interface ClaimBody extends Omit<CredentialBody, 'password'> {
  readonly key: string;
  readonly deviceId: string;
  readonly firmwareVersion?: string;
}

interface Parts {
  readonly claimKeys: Pick<ClaimKeyStore, 'check'>;
  readonly registry: { claim(claim: Claim): Promise<Device> };
  readonly clock: Clock;
}

/** What a claim is refused with because of what it says. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unauthenticated', 'not_authorized', 'conflict']);

/** Devices that register themselves by a claim key, through whichever door they come. */
export class Claims {
  readonly #parts: Parts;
  readonly #attempts: ClaimAttempts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#attempts = new ClaimAttempts(parts.clock);
  }

  /** Claims that were not looked at any more, by the limit. */
  get limited(): Readonly<Record<ClaimLimit, number>> {
    return this.#attempts.limited;
  }

  /** The answer for the device, with its credential. Rejects with what is wrong, or `rate_limited`. */
  async claim(body: ClaimBody, remoteAddress: string): Promise<object> {
    this.#attempts.check(remoteAddress);
    try {
      return await this.#claimed(body);
    } catch (problem) {
      if (problem instanceof SluiceError && refusals.has(problem.code)) this.#attempts.refused(remoteAddress);
      throw problem;
    }
  }

  /** The same for a request in JSON. */
  async claimByText(request: Buffer, remoteAddress: string): Promise<object> {
    return this.claim(readClaim(request), remoteAddress);
  }

  /** A key that does not count costs neither a write nor the hash of a password. */
  async #claimed({ key, deviceId, firmwareVersion, ...said }: ClaimBody): Promise<object> {
    const digest = tokenDigest(key);
    await this.#parts.claimKeys.check(digest, deviceId);
    const { credential, told } = await newCredential(said);
    const device = await this.#parts.registry.claim({ digest, deviceId, firmwareVersion, credential });
    return { deviceId: device.id, deviceType: device.type, username: device.id, kind: said.kind, ...told };
  }
}

const ajv = new Ajv({ useDefaults: true, verbose: true, strict: 'log', logger: false });

const isClaim = ajv.compile({
  type: 'object',
  properties: claimFields,
  required: claimFieldsNeeded,
  additionalProperties: false,
});

function readClaim(request: Buffer): ClaimBody {
  const body = jsonOfBytes(request, 'a claim');
  if (body instanceof SluiceError) throw body;
  if (isClaim(body)) return body as unknown as ClaimBody;
  const [error] = isClaim.errors ?? [];
  throw new SluiceError('invalid_argument', schemaSentence(error, 'the claim'));
}
