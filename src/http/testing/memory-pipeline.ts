import { isDeviceId } from '../../access/device-topics.ts';
import { activeRollout } from '../../devices/rollout.ts';
import { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { Advice } from '../../pipeline/advice.ts';
import type { ExpectedExamples } from '../../pipeline/codec-examples/failing-examples.ts';
import type { DecodeAgainSpec } from '../../pipeline/decode-again.ts';
import type { IngestRequest } from '../../pipeline/device-message.ts';
import type { IngestWish } from '../../pipeline/ingestion.ts';
import { Claims } from '../../pipeline/provisioning/claims.ts';
import { Strangers } from '../../pipeline/strangers.ts';
import type { Clock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';
import type { AdviceDoor } from '../doors/advice-door.ts';
import type { DecodeAgainDoor } from '../doors/decode-again-door.ts';
import type { DriverDoor } from '../doors/driver-door.ts';
import type { AwaitedResults, IngestAnswer, IngestBatch, IngestDoor } from '../doors/ingest-door.ts';
import type { RegistryDoor } from '../doors/registry-door.ts';
import type { RehearsalDoor } from '../doors/rehearsal-door.ts';
import type { PipelineDoor } from '../pipeline-door.ts';
import type { MemoryStore } from './memory-store.ts';
import { MemoryWorkers } from './memory-workers.ts';

/** Remembers what came in, and answers what a test said. */
const builtIn = {
  id: 'json',
  version: '1.0.0',
  deviceType: '*',
  firmware: '*',
  builtIn: true,
  rollout: activeRollout,
  serves: { firmware: ['*'], unknownFirmware: true, givesWayTo: [], beside: [], isAlone: false },
  setAsideFor: [],
  setAsideByWorkers: [],
};

export class MemoryPipeline implements PipelineDoor {
  readonly ingestion = new MemoryIngestion();
  readonly registry: RegistryDoor;
  readonly claims: Claims;
  readonly drivers: DriverDoor;
  readonly rehearsals: RehearsalDoor = { run: rehearse };
  readonly strangers = new Strangers();
  readonly workers = new MemoryWorkers();
  /** What was asked to be decoded again; each answers one message, and the first that there is more. */
  readonly askedAgain: DecodeAgainSpec[] = [];
  readonly decodeAgain: DecodeAgainDoor = {
    run: async (spec) => {
      this.askedAgain.push(spec);
      const counts = { decoded: 1, same: 0, different: 1, corrected: spec.apply ? 1 : 0, failed: 0 };
      return { ...counts, samples: [], next: spec.after === 0 ? 7 : undefined, end: 9 };
    },
  };

  /** What a test says of built-in drivers, by device type. */
  readonly driverSchemas: Record<string, Record<string, JsonObject>> = {};
  readonly driverWarnings: string[] = [];
  /** What is said of any driver. */
  shownDriver: { readonly deviceType?: string } = {};
  /** Of each driver that was brought. */
  readonly expectedExamples: ExpectedExamples[] = [];
  /** What a test says. */
  readonly advice: Advice[] = [];
  readonly advisor: AdviceDoor = { advise: async () => ({ advice: this.advice, omitted: 0, backlog: 0 }) };

  constructor({ registry, claimKeys, rollouts }: MemoryStore, clock: Clock) {
    this.claims = new Claims({ claimKeys, registry: claimKeys, clock });
    this.registry = {
      ...registry,
      putDevice: async (device) => {
        if (!isDeviceId(device.id)) throw new SluiceError('invalid_argument', `Choose another id than "${device.id}"`);
        return registry.putDevice(device);
      },
      putSchema: async (name, eventType, schema) => {
        const type = (await registry.deviceTypes()).find((each) => each.name === name);
        if (type === undefined) throw new SluiceError('not_found', `There is no device type "${name}"`);
        const { [eventType]: _, ...others } = type.schemas;
        return registry.putDeviceType({
          ...type,
          schemas: schema === undefined ? others : { ...others, [eventType]: schema },
        });
      },
    };
    this.drivers = {
      put: async (driver, expected) => {
        this.expectedExamples.push(expected);
        if (!driver.script.includes('decodeUplink')) throw loadsNot(driver.id);
        await registry.putDriver(driver);
        return expected.acceptFailing ? [{ description: 'accepted', ok: false }] : [];
      },
      list: () => [builtIn],
      eventSchemas: (deviceType) => this.driverSchemas[deviceType] ?? {},
      show: (ref) => ({
        ...builtIn,
        ...ref,
        ...this.shownDriver,
        warnings: this.driverWarnings,
        script: undefined,
        trial: { canary: undefined, shadow: undefined },
      }),
      roll: async ({ id, version }, rollout) => {
        const found = await rollouts.putRollout(id, version, rollout);
        if (!found) throw new SluiceError('not_found', `There is no driver "${id}" ${version}`);
      },
    };
  }
}

class MemoryIngestion implements IngestDoor {
  readonly requests: IngestRequest[] = [];
  answer: IngestAnswer | SluiceError = { kind: 'processed', messageId: 'm1', outcome: 'applied' };

  readonly wishes: IngestWish[] = [];
  /** What a batch refuses, by device. */
  readonly refused = new Map<string, SluiceError>();
  /** What becomes of the messages of a batch, where somebody waits for it. */
  results: AwaitedResults | undefined;

  batch(waiter: ReceiptWaiter, wish: IngestWish = {}): IngestBatch {
    const admit = (request: IngestRequest, tag: number): string => {
      const problem = this.refused.get(request.deviceId);
      if (problem !== undefined) throw problem;
      this.requests.push(request);
      this.wishes.push({ ...wish, safeIsEnough: waiter.safeIsEnough });
      const { answer } = this;
      if (answer instanceof SluiceError) waiter.receipt(tag, answer);
      else waiter.receipt(tag, undefined, answer.kind === 'processed' ? answer.outcome : undefined);
      return request.messageId ?? `made-${tag}`;
    };
    return { admit, results: wish.result === true ? this.results : undefined };
  }

  async take(request: IngestRequest, wish: IngestWish = {}): Promise<IngestAnswer> {
    this.requests.push(request);
    this.wishes.push(wish);
    if (this.answer instanceof SluiceError) throw this.answer;
    return this.answer;
  }
}

const rehearse: RehearsalDoor['run'] = async (messages, driver = { id: 'x', version: '1.0.0' }) =>
  messages.map(({ sequence }) => ({
    sequence,
    deviceId: 'd1',
    messageId: `m${sequence}`,
    now: 'applied',
    driver,
    readings: [],
    warnings: [],
    error: undefined,
  }));

function loadsNot(id: string): SluiceError {
  return new SluiceError('invalid_argument', `Cannot load driver "${id}": its script defines no decodeUplink`);
}
