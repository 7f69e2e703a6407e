import type { Device, DeviceType, NewDevice, StoredDriver } from '../devices/store.ts';
import type { IngestRequest } from '../pipeline/device-message.ts';
import type { DriverMatch, DriverRef } from '../pipeline/driver.ts';
import type { Rehearsal, RehearsedMessage } from '../pipeline/rehearsal.ts';

/** What the API needs of the device pipeline. */
export interface PipelineDoor {
  /** Takes one device message: processed at once, or safe in the queue, as the device type says. Rejects with a catalogue error. */
  ingest(request: IngestRequest): Promise<IngestAnswer>;
  /** What would become of dead letters of the ingest queue now. Changes nothing; one answer per message, in order. */
  rehearse(messages: readonly RehearsedMessage[]): Promise<readonly Rehearsal[]>;
  putDeviceType(type: DeviceType): Promise<void>;
  putDevice(device: NewDevice): Promise<Device>;
  /** Answers whether there was one. */
  removeDevice(id: string): Promise<boolean>;
  putDriver(driver: StoredDriver): Promise<void>;
  /** Every driver that is loaded, built in or brought. */
  drivers(): readonly (DriverRef & DriverMatch & { readonly builtIn: boolean })[];
}

export type IngestAnswer =
  | { readonly kind: 'processed'; readonly messageId: string; readonly outcome: string }
  /** Flushed to disk, not processed yet. */
  | { readonly kind: 'accepted'; readonly messageId: string };
