import type { AccessRule, Identity } from './access.ts';
import type { AuthenticatorName, Proof } from './proof.ts';

/** Who had a message retained, so that its right can be asked for long after. Kept as text. */
export interface Source {
  readonly by: Proof['by'];
  readonly kind: Identity['kind'];
  readonly name: string;
  /** Where what it may do came with its login: the part of it that allowed this topic. */
  readonly brought?: Brought;
}

/** `everything`: as an administrator; otherwise filters of topics. */
export type Brought = 'everything' | readonly string[];

export function sourceText({ by, kind, name, brought }: Source): string {
  return JSON.stringify(brought === undefined ? [by, kind, name] : [by, kind, name, brought]);
}

/** Throws where the text is not one of `sourceText`. */
export function readSource(text: string): Source {
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts) || parts.length < 3) throw new Error(`Expected the source of a message, met ${text}`);
  const [by, kind, name, brought] = parts;
  return { by, kind, name, ...(brought !== undefined && { brought }) };
}

/** Who a source is whose login brought its rights along: that login is gone, so what it allowed goes on. */
export function broughtIdentity(
  { name, brought }: Source,
  by: AuthenticatorName,
  otherwise: readonly AccessRule[],
): Identity {
  const proof = { by, stamp: '' } as const;
  if (brought === undefined) return { kind: 'user', name, admin: false, rules: otherwise, proof };
  if (brought === 'everything') return { kind: 'user', name, admin: true, rules: [], proof };
  return { kind: 'user', name, admin: false, rules: brought.map((filter) => ({ action: 'publish', filter })), proof };
}
