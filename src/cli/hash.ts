import { createInterface } from 'node:readline';
import { choice } from '../config/schema.ts';
import { command, UsageError } from './command.ts';
import { switchable, valueOr } from './options.ts';

export const hash = command({
  name: 'hash',
  summary: 'Makes a hash of a password for access.users of the configuration',
  note: 'The password is the first line of standard input, so that it stands in no list of processes and no shell history: printf %s "$PASSWORD" | sluice hash.',
  options: {
    form: valueOr(choice('scrypt', 'argon2id'), 'scrypt', {
      placeholder: 'FORM',
      sentence: 'How it is made: scrypt or argon2id.',
    }),
    scram: switchable({
      sentence: 'Make a verifier of SCRAM-SHA-256 instead: with it both SCRAM and the password itself log in.',
    }),
  },
  async run({ options, terminal }) {
    const password = await firstLine(terminal.stdin);
    if (password === '') throw new UsageError('Cannot hash nothing: give the password on standard input');
    terminal.out(await hashed(password, options.scram ? 'scram' : options.form));
    return 0;
  },
});

/** Loaded where they are needed: no other command makes hashes. */
async function hashed(password: string, form: 'scrypt' | 'argon2id' | 'scram'): Promise<string> {
  if (form === 'argon2id') return (await import('../access/argon2-hash.ts')).makeArgon2Hash(password);
  if (form === 'scrypt') return (await import('../access/secrets.ts')).hashSecret(password);
  const { formatScramVerifier, makeScramVerifier } = await import('../access/scram-verifier.ts');
  return formatScramVerifier(await makeScramVerifier(password));
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  return '';
}
