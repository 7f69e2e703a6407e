import type { JsonObject } from '../std/json.ts';

export interface Reading {
  readonly eventType: string;
  /** When it happened, epoch milliseconds. */
  readonly time: number;
  /** The device's own counter; breaks ties of `time`. */
  readonly seq: number | undefined;
  readonly data: JsonObject;
}
