import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { copyDatabase } from '../devices/sqlite/copy.ts';
import { SluiceError } from '../errors.ts';
import { makeFolders } from '../std/folders.ts';
import { isJsonObject } from '../std/json.ts';
import { packageVersion } from '../std/package-version.ts';
import { Snapshot } from '../storage/snapshot.ts';
import { dataFiles, environmentFile } from './data-files.ts';
import { type Examination, examine } from './doctor/examine.ts';
import { flush, makeFolder, sha256Of } from './durable-files.ts';

const manifestName = 'backup.json';
const manifestVersion = 1;

const queuesFile = join(dataFiles.queues, environmentFile);
/** Everything that a backup can have in it. */
const restorable: readonly string[] = [queuesFile, dataFiles.devices, dataFiles.accessKey];

/** What a backup says of itself, in `backup.json`. */
export interface BackupManifest {
  readonly version: number;
  /** Of Sluice. */
  readonly sluice: string;
  readonly createdAt: string;
  readonly files: readonly BackupFile[];
  /** What `sluice doctor` found in it. A backup of damaged data is better than none, and says so. */
  readonly findings: Examination['findings'];
}

interface BackupFile {
  /** Path inside the backup, and inside the data folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Copies a data folder, while its server runs or not. The queues come first: what the pipeline has stored since is in the
 * devices' file as well as in its queue, and is known as a duplicate when it comes again; the other way round it could be in
 * neither.
 */
export function backUp(data: string, folder: string, now: number): Promise<BackupManifest> {
  return makeFolder(folder, 'back up to', async (partial) => {
    const names = [queuesFile];
    await copyQueues(data, partial);
    if (existsSync(join(data, dataFiles.devices))) {
      copyDatabase(join(data, dataFiles.devices), join(partial, dataFiles.devices));
      names.push(dataFiles.devices);
    }
    if (existsSync(join(data, dataFiles.accessKey))) {
      copyFileSync(join(data, dataFiles.accessKey), join(partial, dataFiles.accessKey));
      names.push(dataFiles.accessKey);
    }
    const { findings } = await examine(partial);
    return sealed(partial, names, findings, now);
  });
}

/**
 * Makes a data folder of a backup. Every file is compared with its checksum before one is copied; throws `conflict` where
 * something lies in the folder already, and `payload_unreadable` where the backup is not what it was.
 */
export async function restore(backup: string, data: string): Promise<BackupManifest> {
  const manifest = readManifest(backup);
  for (const file of manifest.files) await compare(backup, file);
  return makeFolder(data, 'restore to', async (partial) => {
    for (const { name } of manifest.files) {
      const target = join(partial, name);
      makeFolders(dirname(target));
      copyFileSync(join(backup, name), target);
      flush(target);
      flush(dirname(target));
    }
    return manifest;
  });
}

/** In another process, since a damaged page can end the one that copies it. */
async function copyQueues(data: string, partial: string): Promise<void> {
  const [from, to] = [join(data, dataFiles.queues), join(partial, dataFiles.queues)];
  await new Snapshot(from).close();
  mkdirSync(to);
  const program = fileURLToPath(new URL(`./copy-process${extname(import.meta.filename)}`, import.meta.url));
  const child = spawn(process.execPath, [program, from, to], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code === 0) return;
  throw new SluiceError(
    'storage_failed',
    `Cannot back up "${data}": ${said.trim() || `copying ended by ${signal ?? `exit status ${code}`}`}; see what \`sluice doctor\` says of it`,
  );
}

async function sealed(
  partial: string,
  names: readonly string[],
  findings: Examination['findings'],
  now: number,
): Promise<BackupManifest> {
  const files: BackupFile[] = [];
  for (const name of names) {
    const path = join(partial, name);
    flush(path);
    files.push({ name, bytes: statSync(path).size, sha256: await sha256Of(path) });
  }
  flush(join(partial, dataFiles.queues));
  const createdAt = new Date(now).toISOString();
  const manifest = { version: manifestVersion, sluice: packageVersion(), createdAt, files, findings };
  writeFileSync(join(partial, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  flush(join(partial, manifestName));
  return manifest;
}

function readManifest(backup: string): BackupManifest {
  const path = join(backup, manifestName);
  if (!existsSync(path)) {
    throw new SluiceError(
      'not_found',
      `Cannot restore "${backup}": there is no ${manifestName} in it; name a folder that \`sluice backup\` made`,
    );
  }
  const manifest = parsedManifest(backup, readFileSync(path, 'utf8'));
  if (manifest.version !== manifestVersion) {
    throw new SluiceError(
      'conflict',
      `Cannot restore "${backup}": expected a backup of version ${manifestVersion}, met ${manifest.version}; restore it with the Sluice that made it`,
    );
  }
  requireFiles(backup, manifest);
  return manifest;
}

function parsedManifest(backup: string, written: string): BackupManifest {
  try {
    const manifest: unknown = JSON.parse(written);
    if (isJsonObject(manifest)) return manifest as unknown as BackupManifest;
  } catch (problem) {
    if (!(problem instanceof SyntaxError)) throw problem;
  }
  throw unreadable(backup, 'it is no JSON object');
}

/** Whoever can write a manifest must not choose where `restore` writes; and without its queues nothing is restored. */
function requireFiles(backup: string, { files }: BackupManifest): void {
  const names: unknown[] = Array.isArray(files) ? files.map((file: Partial<BackupFile> | null) => file?.name) : [];
  const foreign = names.filter((name) => !restorable.includes(name as string));
  if (foreign.length > 0) throw unreadable(backup, `it names ${JSON.stringify(foreign[0])}, which no backup has`);
  if (!names.includes(queuesFile)) throw unreadable(backup, `it does not name ${queuesFile}`);
}

function unreadable(backup: string, problem: string): SluiceError {
  return new SluiceError(
    'payload_unreadable',
    `Cannot restore "${backup}": ${manifestName} is not what was written (${problem}); take another backup`,
  );
}

async function compare(backup: string, { name, bytes, sha256 }: BackupFile): Promise<void> {
  const path = join(backup, name);
  const met = existsSync(path) ? statSync(path).size : 0;
  if (met === bytes && (await sha256Of(path)) === sha256) return;
  throw new SluiceError(
    'payload_unreadable',
    `Cannot restore "${backup}": ${name} is not what was backed up (expected ${bytes} bytes with checksum ${sha256.slice(0, 12)}…, met ${met} bytes); take another backup`,
  );
}
