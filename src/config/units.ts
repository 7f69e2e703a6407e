import { integer } from './schema.ts';

/** Bytes. */
export const kibibyte = 1024;
export const mebibyte = 1024 * kibibyte;
export const gibibyte = 1024 * mebibyte;
/** Seconds. */
export const day = 86_400;

export const port = integer(0, 65_535);
