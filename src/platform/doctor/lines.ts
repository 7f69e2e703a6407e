import type { Finding } from '../../storage/snapshot.ts';
import type { PartName } from './parts.ts';

/** What the process that checks says, a line of JSON each: which part begins, where it is, what it found, that it is through. */
export type Line =
  | { readonly part: PartName }
  | { readonly at: string }
  | { readonly finding: Finding }
  | { readonly done: PartName; readonly rows: number };
