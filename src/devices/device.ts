import type { ErrorCode } from '../errors.ts';

export interface NewDevice {
  /** `[A-Za-z0-9._:-]{1,128}` */
  readonly id: string;
  readonly type: string;
  readonly firmwareVersion: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly retired: boolean;
  /** The device that may act for it. */
  readonly gateway?: string | undefined;
}

export interface Device extends NewDevice {
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds, while it is retired. */
  readonly retiredAt?: number;
}

/** Null takes away what it names. */
export interface DevicePatch {
  readonly type?: string;
  readonly firmwareVersion?: string | null;
  readonly attributes?: Readonly<Record<string, string | null>>;
  readonly retired?: boolean;
  readonly gateway?: string | null;
}

export interface DeviceFilter {
  readonly type?: string | undefined;
  readonly gateway?: string | undefined;
  readonly retired?: boolean | undefined;
  /** Whether it is connected over MQTT. */
  readonly online?: boolean | undefined;
  readonly firmwareVersion?: string | undefined;
  readonly attribute?: { readonly name: string; readonly value: string } | undefined;
}

export interface DeviceQuery extends DeviceFilter {
  readonly after?: string | undefined;
  readonly limit: number;
  /** Characters of attributes, as JSON; the answer ends before the device that goes beyond, but for the first. Absent: any number. */
  readonly charactersMax?: number;
}

export interface ImportedDevice {
  readonly device: NewDevice;
  /** SHA-256 of a token that it gets beside its other credentials. */
  readonly tokenDigest: string | undefined;
}

export type ImportOutcome =
  | { readonly outcome: 'made' | 'same' }
  /** Which gateway it had. */
  | { readonly outcome: 'changed'; readonly gatewayBefore: string | undefined }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly reason: string };
