import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { DecodeRequest, DecodeResult, DriverRef } from '../driver.ts';
import { nameOf, type ScriptDriver } from '../driver-host/catalogue.ts';
import { answerOf, shorten } from '../driver-host/readings.ts';

/** What a server says to a worker: one JSON text a line. */
export type WorkLine =
  /** `bodyBytesMax`: of a request with results. `hearsReports`: it takes reports, which older servers do not. */
  | { readonly kind: 'open'; readonly session: string; readonly bodyBytesMax: number; readonly hearsReports?: boolean }
  | BatchLine
  /** Nothing came for a while: the server is there. */
  | { readonly kind: 'waiting' }
  /** No line follows. */
  | { readonly kind: 'end'; readonly code: string; readonly reason: string };

export interface BatchLine {
  readonly kind: 'batch';
  /** Its number in the session, by which it is answered. */
  readonly batch: number;
  /** Whether schema sets that were sent earlier are numbered anew. */
  readonly forgetSchemas: boolean;
  /** Schema sets and codec scripts that the worker has not had yet. */
  readonly schemas: readonly (readonly [number: number, schemas: DecodeRequest['schemas']])[];
  readonly drivers: readonly ScriptDriver[];
  /** Those it has had that are not loaded here any more: it has room for as many as the server. */
  readonly driversGone: readonly DriverRef[];
  readonly requests: readonly RequestJson[];
}

interface RequestJson extends Omit<DecodeRequest, 'bytes' | 'schemas'> {
  /** Base64. */
  readonly bytes: string;
  readonly schemas: number;
}

/** What a worker may have learned beyond decoding, in the order in which servers began to want it. */
export const workerAbilities = ['normalizeUplink', 'reports'] as const;

/** What a worker says of itself: once before its first results, and whenever it changes. */
export interface WorkerReport {
  readonly abilities: readonly string[];
  /** Drivers that it gives no messages of these device types for now. */
  readonly setAside: readonly DriverSetAside[];
}

export interface DriverSetAside extends DriverRef {
  readonly deviceTypes: readonly string[];
}

/** Schema sets that a session knows by number, and so what a worker keeps; beyond either bound numbers are given anew. */
const schemaSetsMax = 2_000;
/** Their text, in characters. */
const schemaTextMax = 16 * 1024 * 1024;

/** Writes the batches of one session, and remembers what its worker has had. */
export class BatchWriter {
  readonly #scriptOf: (ref: DriverRef) => ScriptDriver | undefined;
  /** By name, as it was: a version that was removed and made anew crosses again. */
  readonly #driversSent = new Map<string, ScriptDriver>();
  #schemaNumbers = new WeakMap<object, number>();
  #schemaSets = 0;
  #schemaText = 0;

  /** `scriptOf` answers undefined for a driver that is built in. */
  constructor(scriptOf: (ref: DriverRef) => ScriptDriver | undefined) {
    this.#scriptOf = scriptOf;
  }

  write(batch: number, requests: readonly DecodeRequest[]): string {
    // Whether there is room is asked here and not for each set: the numbers of one batch are of one kind.
    const forgetSchemas = this.#schemaSets >= schemaSetsMax || this.#schemaText >= schemaTextMax;
    if (forgetSchemas) this.#startAnew();
    const schemas: [number, DecodeRequest['schemas']][] = [];
    const drivers = this.#newDrivers(requests);
    const line: BatchLine = {
      kind: 'batch',
      batch,
      forgetSchemas,
      schemas,
      drivers,
      driversGone: drivers.length === 0 ? [] : this.#goneDrivers(),
      requests: requests.map((request) => ({
        ...request,
        bytes: base64(request.bytes),
        schemas: this.#numberOf(request.schemas, schemas),
      })),
    };
    return JSON.stringify(line);
  }

  #numberOf(set: DecodeRequest['schemas'], added: [number, DecodeRequest['schemas']][]): number {
    const known = this.#schemaNumbers.get(set);
    if (known !== undefined) return known;
    const number = this.#schemaSets++;
    this.#schemaNumbers.set(set, number);
    this.#schemaText += JSON.stringify(set).length;
    added.push([number, set]);
    return number;
  }

  #newDrivers(requests: readonly DecodeRequest[]): ScriptDriver[] {
    const drivers: ScriptDriver[] = [];
    for (const request of requests) {
      const driver = this.#scriptOf(request.driver);
      if (driver === undefined || this.#driversSent.get(nameOf(driver)) === driver) continue;
      this.#driversSent.set(nameOf(driver), driver);
      const { id, version, deviceType, firmware, script } = driver;
      drivers.push({ id, version, deviceType, firmware, script });
    }
    return drivers;
  }

  /** Looked for when others come: as long as none does, they are in nobody's way. */
  #goneDrivers(): DriverRef[] {
    const gone: DriverRef[] = [];
    for (const [name, driver] of this.#driversSent) {
      if (this.#scriptOf(driver) === driver) continue;
      this.#driversSent.delete(name);
      gone.push({ id: driver.id, version: driver.version });
    }
    return gone;
  }

  #startAnew(): void {
    this.#schemaNumbers = new WeakMap();
    this.#schemaSets = 0;
    this.#schemaText = 0;
  }
}

/** Reads the batches of one session. */
export class BatchReader {
  readonly #schemas = new Map<number, DecodeRequest['schemas']>();

  read({ forgetSchemas, schemas, requests }: BatchLine): DecodeRequest[] {
    if (forgetSchemas) this.#schemas.clear();
    for (const [number, set] of schemas) this.#schemas.set(number, set);
    return requests.map((request) => ({
      ...request,
      bytes: Buffer.from(request.bytes, 'base64'),
      schemas: this.#schemas.get(request.schemas) ?? {},
    }));
  }
}

/** What a worker may say of a message that it could not make readings of. That it lacks the driver is no fault of the message. */
const failures: ReadonlySet<unknown> = new Set<(DecodeResult & { ok: false })['code']>([
  'driver_failed',
  'driver_timeout',
  'schema_violation',
  'driver_set_aside',
  'unavailable',
]);

/** A result as a worker sends it, made sure of as what a driver answers is; or what is wrong with it. */
export function resultFrom(json: unknown): DecodeResult | string {
  if (!isJsonObject(json)) return 'a result is an object';
  const { decodeUs } = json;
  if (decodeUs !== undefined && !(typeof decodeUs === 'number' && decodeUs >= 0))
    return 'the decodeUs of a result is a number of microseconds from 0 on';
  const result = untimedResultFrom(json);
  return typeof result === 'string' || decodeUs === undefined ? result : { ...result, decodeUs };
}

function untimedResultFrom(json: JsonObject): DecodeResult | string {
  if (json.ok === true) {
    const answer = answerOf({ messages: json.readings ?? null, warnings: json.warnings });
    return answer.ok ? answer : answer.reason;
  }
  const { stage, code, reason } = json;
  if (stage !== 'decode' && stage !== 'validate') return 'the stage of a failure is "decode" or "validate"';
  if (!failures.has(code)) return `the code of a failure is one of ${[...failures].join(', ')}`;
  if (typeof reason !== 'string') return 'the reason of a failure is a text';
  return { ok: false, stage, code: code as (DecodeResult & { ok: false })['code'], reason: shorten(reason) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
