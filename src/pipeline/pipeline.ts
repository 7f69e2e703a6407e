import { isDeviceId } from '../access/device-topics.ts';
import type {
  Device,
  DeviceType,
  FirmwareVersions,
  NewDevice,
  Registry,
  Store,
  StoredDriver,
} from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { Consumer, Destination, MessageSink } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import { UuidSource } from '../std/uuid.ts';
import type { DeadLetters } from './death.ts';
import { type IngestRequest, readDeviceMessage, toMessage, withMessageId } from './device-message.ts';
import { type DeviceAddress, defaultEventType, deviceIdForm, eventTypeForm, isEventType } from './device-topic.ts';
import { Door } from './door.ts';
import type { DriverHost } from './driver.ts';
import type { EventPort } from './events.ts';
import { FirmwareUpdates } from './firmware-updates.ts';
import { type IngestAnswer, IngestCall } from './ingest-call.ts';
import { IngestConsumer } from './ingest-consumer.ts';
import { IngestCredit } from './ingest-credit.ts';
import { IngestSink } from './ingest-sink.ts';
import { InlineLane } from './inline-lane.ts';
import { type PipelineLimits, pipelineLimits } from './limits.ts';
import type { Outcome } from './outcome.ts';
import { Processor } from './processor.ts';
import { RegistryCache } from './registry-cache.ts';
import { RegistryWrites } from './registry-writes.ts';
import { type Rehearsal, type RehearsedMessage, rehearse } from './rehearsal.ts';
import { Results } from './results.ts';

export interface PipelineParts {
  /** Started before the pipeline and stopped after it, like `drivers`. */
  readonly store: Store & { readonly registry: Registry & FirmwareVersions };
  readonly drivers: DriverHost;
  /** Where messages of queued device types go; the pipeline's `consumer` has to be given what comes out. */
  readonly queue: { readonly destination: Destination };
  readonly deadLetters: DeadLetters;
  /** Absent: readings are stored and not published. */
  readonly events?: EventPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<PipelineLimits>;
}

export interface PipelineNumbers {
  /** Messages of inline types that are not answered yet. */
  readonly inlineInWork: number;
  /** Deliveries of the queue that are not settled yet. */
  readonly queuedInWork: number;
  readonly devicesCached: number;
  /** Messages processed since the start, by what became of them. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Readings that could not be published as events. */
  readonly eventsFailed: number;
}

/** From a device's message to state and history, inline or by way of the queue. */
export class Pipeline implements Part {
  readonly name = 'pipeline';
  /** For the broker: every publish is offered to it. */
  readonly sink: MessageSink;
  /** For the ingest queue; `limits.queuedMessagesMax` is the credit to consume with. */
  readonly consumer: Consumer;
  /** What that consumer should be given at a time. */
  readonly ingestCredit: IngestCredit;
  readonly limits: PipelineLimits;
  readonly #parts: PipelineParts;
  readonly #uuids: UuidSource;
  readonly #devices: RegistryCache;
  readonly #firmware: FirmwareUpdates;
  readonly #writes: RegistryWrites;
  readonly #processor: Processor;
  readonly #results: Results;
  readonly #inline: InlineLane;
  readonly #door: Door;
  readonly #consumer: IngestConsumer;

  constructor(parts: PipelineParts) {
    const { store, drivers, queue, deadLetters, clock, log } = parts;
    const limits = { ...pipelineLimits, ...parts.limits };
    this.limits = limits;
    this.#parts = parts;
    this.#uuids = new UuidSource(clock);
    this.#devices = new RegistryCache(store.registry, clock, limits);
    this.#firmware = new FirmwareUpdates(store.registry, this.#devices, clock, log, limits);
    this.#writes = new RegistryWrites(store.registry, this.#devices, drivers, this.#firmware);
    const nextMessageId = (): string => this.#uuids.next();
    this.#processor = new Processor({
      devices: this.#devices,
      drivers,
      readings: store.readings,
      clock,
      nextMessageId,
      firmwareSeen: (known, firmwareVersion, receivedAt) => this.#firmware.seen(known, firmwareVersion, receivedAt),
    });
    this.#results = new Results(parts.events, log);
    const finished = this.#results.add.bind(this.#results);
    this.#inline = new InlineLane(this.#processor, deadLetters, finished, limits);
    this.#door = new Door(this.#devices, queue.destination, this.#inline, nextMessageId);
    this.#consumer = new IngestConsumer(this.#processor, finished, log, limits);
    this.sink = new IngestSink(this.#door);
    this.consumer = this.#consumer;
    this.ingestCredit = new IngestCredit(limits);
  }

  /** A stored driver that does not load any more is logged, and its devices have to do without. */
  async start(): Promise<void> {
    await this.#devices.loadTypes();
    for (const driver of await this.#parts.store.registry.drivers()) await this.#load(driver);
    this.#door.open();
    this.#consumer.open();
  }

  /** Takes nothing more, and finishes what is in work. */
  async stop(): Promise<void> {
    this.#door.close();
    this.#consumer.close();
    await Promise.all([this.#door.idle(), this.#consumer.idle()]);
    await this.#inline.idle();
    await this.#firmware.flush();
  }

  /** A message over HTTP. Rejects with what is wrong with it, or with what stands in its way. */
  async ingest(request: IngestRequest): Promise<IngestAnswer> {
    const address = { deviceId: request.deviceId, eventType: request.eventType ?? defaultEventType };
    // Before a topic is made of them: an id with a '/' in it would name another device.
    if (!isDeviceId(address.deviceId) || !isEventType(address.eventType)) throw wrongAddress(address);
    const made = toMessage(request, this.#parts.clock.now());
    const said = readDeviceMessage(made);
    if (said instanceof SluiceError) throw said;
    const messageId = said.messageId ?? this.#uuids.next();
    const message = said.messageId === undefined ? withMessageId(made, messageId) : made;
    const call = new IngestCall(messageId);
    this.#door.admit(message, address, call, 0);
    return call.answer;
  }

  /** What would become of these messages now. Rejects with `invalid_argument` beyond `rehearsalMessagesMax`. */
  async rehearse(messages: readonly RehearsedMessage[]): Promise<readonly Rehearsal[]> {
    const { rehearsalMessagesMax } = this.limits;
    if (messages.length <= rehearsalMessagesMax) return rehearse(this.#processor, messages);
    const problem = `Rehearse at most ${rehearsalMessagesMax} messages at once: met ${messages.length}`;
    throw new SluiceError('invalid_argument', problem);
  }

  putDeviceType(type: DeviceType): Promise<void> {
    return this.#writes.putDeviceType(type);
  }

  /** Rejects with `invalid_argument` for the id, with `not_found` where the type does not exist. */
  putDevice(device: NewDevice): Promise<Device> {
    return this.#writes.putDevice(device);
  }

  removeDevice(id: string): Promise<boolean> {
    return this.#writes.removeDevice(id);
  }

  /** Rejects with `invalid_argument` where the driver does not load, with `conflict` where its version exists and differs. */
  putDriver(driver: StoredDriver): Promise<void> {
    return this.#writes.putDriver(driver);
  }

  /** Every driver that is loaded, built in or brought. */
  drivers(): ReturnType<DriverHost['drivers']> {
    return this.#parts.drivers.drivers();
  }

  numbers(): PipelineNumbers {
    return {
      inlineInWork: this.#inline.size,
      queuedInWork: this.#consumer.size,
      devicesCached: this.#devices.size,
      outcomes: this.#results.outcomes,
      eventsFailed: this.#results.eventsFailed,
    };
  }

  async #load(driver: StoredDriver): Promise<void> {
    try {
      await this.#parts.drivers.add(driver);
    } catch (problem) {
      this.#parts.log.error('A stored driver does not load', { id: driver.id, version: driver.version, problem });
    }
  }
}

function wrongAddress({ deviceId, eventType }: DeviceAddress): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot take a message of device "${deviceId.slice(0, 200)}" and event type "${eventType.slice(0, 200)}": ` +
      `a device id is ${deviceIdForm}, an event type ${eventTypeForm}`,
  );
}
