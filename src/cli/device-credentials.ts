import { choice, integer, text } from '../config/schema.ts';
import { credentialKinds } from '../devices/credentials.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { readInput } from './input-file.ts';
import { apiOptions, switchable, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatFields, formatTable, formatTime } from './table.ts';

interface Credential {
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly id: string;
  readonly kind: string;
  readonly name?: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly publicKey?: string;
}

/** The kinds of which nothing is made by the server. */
const takesFile: ReadonlySet<string> = new Set(['key', 'certificate']);

export const credentials = command({
  name: 'credentials',
  summary: 'Gives a device a password, token, key or certificate, and prints what was made, this once',
  note: 'Others of its kind end at once, unless an overlap is given.',
  operands: [{ name: 'DEVICE', sentence: 'the id of a device' }],
  options: {
    kind: valueOr(choice(...credentialKinds), 'password', {
      placeholder: 'KIND',
      sentence: `What to give it: ${credentialKinds.join(', ')}.`,
    }),
    'device-password': value(text({ secret: true }), {
      placeholder: 'TEXT',
      sentence: 'Password to use; without it one is made.',
    }),
    file: value(text(), {
      placeholder: 'FILE',
      sentence: 'Public key or certificate, in PEM; - reads standard input.',
    }),
    fingerprint: value(text({ pattern: /^[0-9A-Fa-f:]{64,95}$/, expected: 'a SHA-256 in hexadecimal digits' }), {
      placeholder: 'SHA256',
      sentence: 'Fingerprint of the certificate, in place of a file.',
    }),
    name: value(text(), { placeholder: 'TEXT', sentence: 'What to call it.' }),
    'overlap-seconds': valueOr(integer(0, 366 * 86_400), 0, {
      placeholder: 'N',
      sentence: 'How long the others of its kind still count.',
    }),
    'keep-others': switchable({ sentence: 'Others of its kind go on.' }),
    list: switchable({ sentence: 'Show what there is instead.' }),
    revoke: value(text(), { placeholder: 'ID', sentence: 'Take this one away instead.' }),
    remove: switchable({ sentence: 'Take all credentials away instead.' }),
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    const api = new Api(options.url, options.token);
    const at = path`/v1/devices/${device}/credentials`;
    if ([options.list, options.remove, options.revoke !== undefined].filter(Boolean).length > 1)
      throw new UsageError('Give one of --list, --revoke and --remove: met several');
    if (options.remove) {
      await api.delete(at);
      return print(terminal, options.json, { removed: device }, () => `Device ${device} has no credentials any more.`);
    }
    const { revoke: id } = options;
    if (id !== undefined) {
      await api.delete(`${at}${path`/${id}`}`);
      return print(terminal, options.json, { revoked: id }, () => `Revoked ${id} of device ${device}.`);
    }
    if (options.list) {
      const answer = await api.get<{ credentials: readonly Credential[] }>(at);
      return print(terminal, options.json, answer, (told) => listText(told.credentials));
    }
    if (takesFile.has(options.kind) && options.file === undefined && options.fingerprint === undefined)
      throw new UsageError(`Give --file: a ${options.kind} comes from the device, in PEM`);
    const pem = options.file === undefined ? undefined : (await readInput(terminal, options.file)).toString();
    const answer = await api.post<Credential>(at, {
      kind: options.kind,
      password: options['device-password'],
      fingerprint: options.fingerprint,
      ...(pem !== undefined && { [options.kind === 'key' ? 'publicKey' : 'certificate']: pem }),
      name: options.name,
      overlapSeconds: options['overlap-seconds'],
      keepOthers: options['keep-others'],
    });
    return print(terminal, options.json, answer, madeText);
  },
});

/** What the device needs stands first, for it is shown this once. The key is left out: whoever gave it has it. */
function madeText(made: Credential): string {
  const { createdAt, expiresAt, publicKey: _publicKey, username, password, token, ...told } = made;
  return formatFields({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(token !== undefined && { token }),
    ...told,
    createdAt: formatTime(createdAt),
    ...(expiresAt !== undefined && { expiresAt: formatTime(expiresAt) }),
  });
}

function listText(rows: readonly Credential[]): string {
  return formatTable(
    rows,
    [
      { title: 'id', cell: (row) => row.id },
      { title: 'kind', cell: (row) => row.kind },
      { title: 'name', cell: (row) => row.name },
      { title: 'created', cell: (row) => formatTime(row.createdAt) },
      { title: 'ends', cell: (row) => (row.expiresAt === undefined ? undefined : formatTime(row.expiresAt)) },
    ],
    'The device has no credentials.',
  );
}
