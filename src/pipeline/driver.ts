import type { SchemaPolicy } from '../devices/device-type.ts';
import type { Rollout } from '../devices/rollout.ts';
import type { ErrorCode } from '../errors.ts';
import type { JsonObject } from '../std/json.ts';
import type { StandardSchema } from './schemas/standard-schema.ts';

/** One pure function with schemas and example vectors: how the bytes of a device type become readings. */
export interface Driver {
  readonly id: string;
  /** Semver. */
  readonly version: string;
  readonly match: DriverMatch;
  /** Of the readings by event type. */
  readonly events: DriverSchemas;
  readonly decodeUplink: (input: UplinkInput) => UplinkOutput;
  readonly examples: readonly DriverExample[];
}

/** JSON Schemas, or those of a library that speaks Standard Schema. Readings are checked by them and stay as the driver gave them. */
export type DriverSchemas = Readonly<Record<string, JsonObject | StandardSchema>>;

export interface DriverMatch {
  readonly deviceType: string;
  /** Semver range; `*` for every firmware. The most specific match wins. */
  readonly firmware: string;
}

/** The input of The Things Stack's `decodeUplink`, with what Sluice knows besides. */
export interface UplinkInput {
  readonly bytes: readonly number[] | Uint8Array;
  readonly fPort: number | undefined;
  readonly recvTime: Date;
  readonly topic: string;
  readonly contentType: string | undefined;
  readonly eventType: string;
  readonly device: DecodeDevice;
}

export interface DecodeDevice {
  readonly id: string;
  readonly type: string;
  readonly firmwareVersion: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * What of a driver is asked. `normalizeUplink` decodes first, and has the readings from what a codec script makes of that; where there
 * is no such function, they are what was decoded. The other two are the way down.
 */
export type DriverCall = 'decodeUplink' | 'normalizeUplink' | 'encodeDownlink' | 'decodeDownlink';

export interface UplinkOutput {
  readonly data?: JsonObject;
  readonly messages?: readonly DecodedReading[];
  readonly warnings?: readonly string[];
  readonly errors?: readonly string[];
}

export interface DecodedReading {
  /** The event type of the topic where absent. */
  readonly eventType?: string;
  /** Epoch milliseconds or an ISO 8601 string; the message's own time where absent. */
  readonly time?: number | string;
  readonly seq?: number;
  readonly data: JsonObject;
}

export interface DriverExample {
  readonly description: string;
  readonly fPort?: number;
  /** Hex. */
  readonly bytes: string;
  readonly output: JsonObject;
}

/** Gives a driver its type. A driver file exports what this answers as `driver`. */
export function defineDriver(driver: Driver): Driver {
  return driver;
}

/** Which driver, as history and dead letters name it. */
export interface DriverRef {
  readonly id: string;
  readonly version: string;
}

export interface DecodeRequest {
  readonly driver: DriverRef;
  /** `decodeUplink` where absent. */
  readonly call?: DriverCall | undefined;
  readonly bytes: Uint8Array;
  /** What `encodeDownlink` is to encode; the bytes are empty then. */
  readonly data?: JsonObject | undefined;
  /** What else a script finds in its input: examples of other makers have names of their own there. */
  readonly input?: JsonObject | undefined;
  readonly fPort: number | undefined;
  readonly receivedAt: number;
  readonly topic: string;
  readonly contentType: string | undefined;
  readonly eventType: string;
  readonly device: DecodeDevice;
  /** Schemas of the device type by event type, which go before the driver's own. */
  readonly schemas: Readonly<Record<string, JsonObject>>;
  readonly schemaPolicy: SchemaPolicy;
  /** What holds for event types, or families of them, instead; absent where none has its own. */
  readonly schemaPolicies?: Readonly<Record<string, SchemaPolicy>> | undefined;
}

/** `decodeUs`: microseconds in the driver, with the check of what it answered; absent where it was not asked. */
export type DecodeResult = { readonly decodeUs?: number } & (
  | {
      readonly ok: true;
      readonly readings: readonly DecodedReading[];
      readonly warnings: readonly string[];
      /** What was encoded, where that was asked. */
      readonly downlink?: EncodedDownlink;
    }
  | {
      readonly ok: false;
      /** Where it stopped. */
      readonly stage: 'decode' | 'validate';
      readonly code: ErrorCode;
      readonly reason: string;
      /** Seconds until the driver is tried again, of one that is set aside. */
      readonly retryAfterSeconds?: number;
      /** By the clock, of one that ran out of time: how long it was tried this time. */
      readonly triedMs?: number;
    }
);

export interface EncodedDownlink {
  readonly bytes: readonly number[];
  /** Absent where the driver leaves it to whoever sends. */
  readonly fPort?: number;
}

export interface ListedDriver extends DriverRef, DriverMatch {
  readonly builtIn: boolean;
  /** Where it stands, for one of `drivers.folder`; absent for what is built in and what was brought by a request. */
  readonly folder?: string | undefined;
  /** Device types of which it is not given any message for now, since it hung or broke down on theirs. */
  readonly setAsideFor: readonly string[];
  readonly rollout: Rollout;
}

/** A worker process gives a driver no messages of these device types for now. */
export interface SetAsideByWorker {
  /** As consumers of the queue are listed. */
  readonly worker: string;
  readonly deviceTypes: readonly string[];
}

/**
 * What a driver has, of the devices that it is for: all of them where it is active, its share where it is a canary, those that
 * it runs beside where it is a shadow, none where it is off. One for every type has only types without a driver of their own.
 */
export interface Serving {
  /** Semver ranges, the lowest first: `*` alone for all firmware that is known, empty for none. */
  readonly firmware: readonly string[];
  /** Devices of which no firmware is known that can be read. */
  readonly unknownFirmware: boolean;
  /** What decodes for the firmware that it is for and does not have. */
  readonly givesWayTo: readonly RivalDriver[];
  /** What is in use beside a canary or a shadow, or in place of one that is off, and whether there is firmware for which nothing is. */
  readonly beside: readonly RivalDriver[];
  readonly isAlone: boolean;
}

export interface RivalDriver extends DriverRef {
  readonly deviceType: string;
}

/** What there is to choose from for devices of one type and firmware. */
export interface DriverChoice {
  readonly active: DriverRef | undefined;
  /** Each would be the active one if it were no canary; the first that has a device in its share decodes for it. */
  readonly canaries: readonly DriverRef[];
  readonly shadows: readonly DriverRef[];
}

/** Which versions of drivers are in use, and how far. */
export interface DriverChoices {
  /** False while there is neither canary nor shadow: then there is nothing to look up. */
  readonly isAny: boolean;
  choice(deviceType: string, firmwareVersion: string | undefined): DriverChoice;
  /** Undefined where there is no such driver. */
  serving(ref: DriverRef): Serving | undefined;
  /** Whether devices of the type may have it: not where it is off, a shadow or gone, or others go before it for all firmware. */
  decodes(ref: DriverRef, deviceType: string): boolean;
  /** In effect for the next batch. Answers whether there is such a driver. */
  place(ref: DriverRef, rollout: Rollout): boolean;
}

/** Runs drivers away from the main thread. A driver that throws, loops or hoards memory costs its message and nothing else. */
export interface DriverHost {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Threads that take messages now. */
  readonly threads: number;
  /** Adds a driver from a codec script. Rejects with `invalid_argument` where it does not load or matches nothing. */
  add(driver: DriverRef & DriverMatch & { readonly script: string; readonly rollout?: Rollout }): Promise<void>;
  /** Whether the same is there already. Throws `conflict` where its version stands for something else. */
  isKnown(driver: DriverRef & DriverMatch & { readonly script: string }): boolean;
  /** Answers whether there was one. Throws for one that is built in. What was given to it before is still decoded by it. */
  remove(ref: DriverRef): boolean;
  /** The driver for this device: the highest version of the most specific match, or a canary that has the device in its share. */
  resolve(deviceType: string, firmwareVersion: string | undefined, deviceId: string): DriverRef | undefined;
  readonly choices: DriverChoices;
  /** A driver that came in as a codec script, the same object while it is loaded; undefined for one that is built in. */
  scriptOf(ref: DriverRef): (DriverRef & DriverMatch & { readonly script: string }) | undefined;
  /** Every driver that is loaded, for the API. */
  drivers(): readonly ListedDriver[];
  /** JSON Schemas of what built-in drivers for devices of this type read, by event type. */
  eventSchemas(deviceType: string): Readonly<Record<string, JsonObject>>;
  /** One result per request, in order. Does not reject for what a driver does. */
  decode(batch: readonly DecodeRequest[]): Promise<readonly DecodeResult[]>;
}
