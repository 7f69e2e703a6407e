import type { Reading } from '../../devices/store.ts';
import { SluiceError, toSluiceError } from '../../errors.ts';
import type { DecodedReading, DecodeRequest, DecodeResult, DriverRef } from '../driver.ts';
import { timeForm, timeOf } from '../event-time.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { Step } from './step.ts';

/** Bytes to readings by the driver, and readings against their schema: one call for the batch, away from this thread. */
export const decode: Step = {
  name: 'decode and validate',
  async run(works, { drivers, clock, decoded }) {
    let results: readonly DecodeResult[];
    try {
      results = await drivers.decode(works.map(toRequest));
    } catch (problem) {
      for (const work of works) work.stop('decode', toSluiceError(problem));
      return;
    }
    const processedAt = clock.now();
    for (let i = 0; i < works.length; i++) {
      works[i].processedAt = processedAt;
      take(works[i], results[i]);
    }
    const told = decoded(works);
    if (told !== undefined) await told;
  },
};

function toRequest(work: Work): DecodeRequest {
  const { message } = work;
  const { device, type, ways } = work.known as KnownDevice;
  return {
    driver: work.driver as DriverRef,
    call: type.readings === 'normalized' ? 'normalizeUplink' : undefined,
    bytes: message.payload,
    fPort: fPortOf(work),
    receivedAt: message.receivedAt,
    topic: message.topic,
    contentType: message.properties?.contentType,
    eventType: work.address.eventType,
    device: {
      id: device.id,
      type: device.type,
      firmwareVersion: work.firmwareVersion,
      attributes: device.attributes,
    },
    schemas: work.schema?.schemas ?? type.schemas,
    schemaPolicy: type.schemaPolicy,
    schemaPolicies: ways.schemaPolicies,
  };
}

export function fPortOf(work: Work): number | undefined {
  return work.said?.fPort ?? work.known?.type.fPort;
}

function take(work: Work, result: DecodeResult): void {
  work.decodeUs = result.decodeUs;
  if (!result.ok) {
    work.stop(result.stage, new SluiceError(result.code, result.reason, { detail: detailOf(work, result) }));
    return;
  }
  work.warnings = work.warnings.length === 0 ? result.warnings : [...work.warnings, ...result.warnings];
  const readings = result.readings.map((reading) => toReading(work, reading));
  const timeless = readings.findIndex((reading) => Number.isNaN(reading.time));
  if (timeless < 0) work.readings = readings;
  else work.stop('decode', unreadableTime(result.readings[timeless]));
}

/** Of a driver that is set aside: which one, and how long. */
function detailOf({ driver }: Work, { code, retryAfterSeconds }: DecodeResult & { ok: false }): Detail | undefined {
  if (code !== 'driver_set_aside') return undefined;
  const named = { driver: driver?.id, driverVersion: driver?.version };
  return retryAfterSeconds === undefined ? named : { ...named, retryAfterSeconds };
}

type Detail = Record<string, unknown>;

/** What the driver does not say of a reading, the message says of all of them; a time that cannot be read is NaN. */
function toReading(work: Work, decoded: DecodedReading): Reading {
  const time = decoded.time ?? work.said?.time ?? work.message.receivedAt;
  return {
    eventType: decoded.eventType ?? work.address.eventType,
    time: timeOf(time) ?? Number.NaN,
    seq: decoded.seq ?? work.said?.seq,
    data: decoded.data,
  };
}

function unreadableTime(reading: DecodedReading): SluiceError {
  const met = JSON.stringify(reading.time);
  return new SluiceError('driver_failed', `Answer the time as ${timeForm}: met ${met}`);
}
