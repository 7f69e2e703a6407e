import type { JsonObject } from '../../std/json.ts';
import type {
  DecodedReading,
  DecodeRequest,
  DecodeResult,
  DriverChoices,
  DriverHost,
  DriverRef,
  ListedDriver,
} from '../driver.ts';

/**
 * A driver host for tests of the pipeline, in this thread. Payloads are JSON: an object is a reading, `{ readings: […] }` are
 * several, `warnings` is what the driver warns of, text that is no JSON is an error of the driver. Drivers are named `<type>-<major version of the firmware>`.
 */
export class TestDriverHost implements DriverHost {
  readonly threads = 1;
  readonly added: string[] = [];
  readonly batches: number[] = [];
  /** The batch of the last call. */
  requests: readonly DecodeRequest[] = [];
  /** Set to make the next decode call wait for it. */
  gate: Promise<void> | undefined;
  /** Set to make something else of payloads that are JSON objects. */
  mended: ((payload: JsonObject) => readonly DecodedReading[]) | undefined;
  /** Set to make decode calls reject. */
  broken: Error | undefined;

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  isKnown(): boolean {
    return false;
  }

  async add(driver: { id: string; version: string }): Promise<void> {
    this.added.push(`${driver.id}@${driver.version}`);
  }

  remove(_ref: DriverRef): boolean {
    return false;
  }

  resolve(deviceType: string, firmwareVersion: string | undefined): DriverRef | undefined {
    if (deviceType === 'driverless') return undefined;
    return { id: `${deviceType}-${firmwareVersion?.split('.')[0] ?? 'any'}`, version: '1.0.0' };
  }

  readonly choices: DriverChoices = {
    isAny: false,
    choice: () => ({ active: undefined, canaries: [], shadows: [] }),
    serving: () => undefined,
    decodes: () => true,
    place: () => false,
  };

  scriptOf(): undefined {
    return undefined;
  }

  drivers(): readonly ListedDriver[] {
    return [];
  }

  eventSchemas(): Record<string, never> {
    return {};
  }

  async decode(batch: readonly DecodeRequest[]): Promise<readonly DecodeResult[]> {
    this.batches.push(batch.length);
    this.requests = batch;
    const gate = this.gate;
    this.gate = undefined;
    await gate;
    if (this.broken !== undefined) throw this.broken;
    const { mended } = this;
    return batch.map((request) => (mended === undefined ? decode(request) : decodeMended(request, mended)));
  }
}

function decodeMended(
  { bytes }: DecodeRequest,
  mended: (payload: JsonObject) => readonly DecodedReading[],
): DecodeResult {
  try {
    return { ok: true, readings: mended(JSON.parse(Buffer.from(bytes).toString())), warnings: [] };
  } catch (problem) {
    return { ok: false, stage: 'decode', code: 'driver_failed', reason: (problem as Error).message };
  }
}

function decode(request: DecodeRequest): DecodeResult {
  let parsed: JsonObject;
  try {
    parsed = JSON.parse(Buffer.from(request.bytes).toString());
  } catch (problem) {
    return { ok: false, stage: 'decode', code: 'driver_failed', reason: (problem as Error).message };
  }
  if (parsed.invalid === true) {
    return { ok: false, stage: 'validate', code: 'schema_violation', reason: 'Value 17 of "x" is too large' };
  }
  if (parsed.busy === true) return { ok: false, stage: 'decode', code: 'unavailable', reason: 'Not tried' };
  if (parsed.setAside === true) {
    return { ok: false, stage: 'decode', code: 'driver_set_aside', reason: 'It hung', retryAfterSeconds: 42 };
  }
  const warnings = Array.isArray(parsed.warnings) ? (parsed.warnings as string[]) : [];
  if (Array.isArray(parsed.readings)) return { ok: true, readings: parsed.readings, warnings };
  const { ts, seq, messageId: _, ...data } = parsed;
  return {
    ok: true,
    readings: [{ data: { ...data, fPort: request.fPort ?? null }, time: ts as number, seq: seq as number }],
    warnings,
  };
}
