import { deviceTokenPattern } from '../../access/device-token.ts';
import { deviceIdPattern } from '../../access/device-topics.ts';
import { credentialKinds } from '../../devices/credentials.ts';

type FieldSchemas = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const pem = { type: 'string', minLength: 1, maxLength: 16 * 1024 };

/** What is said of a credential that is to be, as JSON Schemas. */
export const credentialFields = {
  kind: { type: 'string', enum: credentialKinds, default: 'password' },
  token: { type: 'string', pattern: deviceTokenPattern, description: 'Made here unless given' },
  publicKey: { ...pem, description: 'PEM; the device signs JSON Web Tokens with its private key' },
  certificate: { ...pem, description: 'PEM; or give `fingerprint`' },
  fingerprint: { type: 'string', pattern: '^[0-9A-Fa-f:]{64,95}$', description: 'SHA-256 of the certificate' },
  name: { type: 'string', minLength: 1, maxLength: 128 },
  expiresAt: {
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Milliseconds since the Unix epoch',
  },
} satisfies FieldSchemas;

/** What a device says that claims itself. */
export const claimFields = {
  key: { type: 'string', minLength: 1, maxLength: 1_024 },
  deviceId: { type: 'string', pattern: deviceIdPattern },
  firmwareVersion: { type: 'string', minLength: 1, maxLength: 128 },
  ...credentialFields,
  kind: { ...credentialFields.kind, default: 'token' },
} satisfies FieldSchemas;

export const claimFieldsNeeded = ['key', 'deviceId'] as const;
