import type { Schema } from './schema.ts';

/** One thing that a user can set. What it means to the types, the checks, `--help` and the reference follows from here. */
export interface Option<T> {
  readonly schema: Schema<T>;
  readonly default: T;
  /** What it does, as one sentence. */
  readonly sentence: string;
  /** Name of the flag without its dashes, where there is one. */
  readonly flag?: string;
  /** Stands for the value in `--help`. */
  readonly placeholder?: string;
  /** A relative path is resolved against the working directory, or the folder of the config file that names it. */
  readonly isPath?: boolean;
  /** The value with the paths inside resolved in the same way, where it is an object that holds some. */
  withPaths?(value: T, resolve: (path: string) => string): T;
}

export type OptionValue<O> = O extends Option<infer T> ? T : never;

/** Gives a row of a table its type. */
export function option<T>(schema: Schema<T>, row: Omit<Option<NoInfer<T>>, 'schema'>): Option<T> {
  return { schema, ...row };
}

/** An option that is undefined until someone sets it. */
export function unset<T>(
  schema: Schema<T>,
  row: Omit<Option<T | undefined>, 'schema' | 'default'>,
): Option<T | undefined> {
  return { schema, default: undefined, ...row };
}

/** `mqtt.packetBytesMax` is SLUICE_MQTT_PACKET_BYTES_MAX. */
export function environmentName(name: string): string {
  return `SLUICE_${name
    .replaceAll('.', '_')
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}

type Head<K> = K extends `${infer First}.${string}` ? First : K;
type Below<T, H> = { [K in keyof T as K extends `${H & string}.${infer Rest}` ? Rest : never]: T[K] };

/** The nested object behind dotted names: `{ 'mqtt.port': number }` is `{ mqtt: { port: number } }`. */
export type Nested<T> = { readonly [H in Head<keyof T> & string]: H extends keyof T ? T[H] : Nested<Below<T, H>> };
