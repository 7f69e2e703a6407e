import { readFileSync } from 'node:fs';

/** Memory of a process by who asked the system for it, in MiB. */
export interface MappedMemory {
  /** V8's heaps, of all threads: pages that have been written to. */
  readonly v8: number;
  /** The same with pages for objects that it has and did not write to yet: those of the young heap, one by one, as more survives. */
  readonly v8Mapped: number;
  /** Heaps of the C library: buffers of JavaScript, and what native code makes. */
  readonly malloc: number;
  /** Stacks, data of libraries, and single large blocks. */
  readonly other: number;
  /** Pages of the database's file, which are the system's to take back. */
  readonly database: number;
}

export function mappedMemory(pid: number): MappedMemory {
  return memoryIn(readFileSync(`/proc/${pid}/smaps`, 'utf8'));
}

/** `smaps` has a line for each mapping, `from-to rights offset device inode name`, and then its numbers, `Name: 12 kB`. */
export function memoryIn(smaps: string): MappedMemory {
  const sums = { v8: 0, v8Mapped: 0, malloc: 0, other: 0, database: 0 };
  for (const [, from, to, rights, name, numbers] of smaps.matchAll(mappingPattern)) {
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    const mebibytes = (field: string): number =>
      Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(numbers)?.[1]) / 1_024;
    if (name.endsWith(databaseEnding)) sums.database += mebibytes('Rss');
    const owner = ownerOf({ start, end, rights, name });
    sums[owner] += mebibytes('Anonymous');
    if (owner === 'v8') sums.v8Mapped += mebibytes(rights.startsWith('rw-') ? 'Size' : 'Anonymous');
  }
  return sums;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly rights: string;
  readonly name: string;
}

/** The C library and V8 tell by where they begin: each aligns what it asks for to its own size. */
function ownerOf({ start, end, rights, name }: Mapping): 'v8' | 'malloc' | 'other' {
  if (name === '[heap]') return 'malloc';
  if (name !== '') return 'other';
  if (isCode(rights)) return 'v8';
  if (start % arenaBytes === 0 && end - start !== v8PageBytes) return 'malloc';
  return start % v8PageBytes === 0 ? 'v8' : 'other';
}

function isCode(rights: string): boolean {
  return rights.includes('x');
}

const mappingPattern = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)\n((?:[A-Z].*\n)*)/gm;
const databaseEnding = '.mdb';
/** What glibc sets aside for the heap of a thread. */
const arenaBytes = 64 * 1024 * 1024;
const v8PageBytes = 256 * 1024;
