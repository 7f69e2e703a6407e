import type { JsonObject } from '../../std/json.ts';
import type { DecodeDevice, DecodeRequest, DriverCall } from '../driver.ts';
import type { WorkItem } from './batch.ts';

/** Work for one thread or process, as it travels: one text of heads and one buffer with the bytes of all messages. */
export interface Job {
  /** JSON of `Head[]`. Text, because parsing it costs a third of what cloning the objects would. */
  readonly heads: string;
  readonly bytes: Uint8Array;
  /** Codec scripts that the receiver has not had yet. */
  readonly scripts: readonly ScriptSource[];
  /** Schema sets that the receiver has not had yet, as JSON. */
  readonly schemas: readonly (readonly [number: number, text: string])[];
  /** Whether schema sets that were sent earlier are numbered anew. */
  readonly forgetSchemas: boolean;
  /** Whether scripts that were sent earlier do not count any more: most of them were removed since. */
  readonly forgetScripts: boolean;
  /** How many messages it begins with without telling: the sender knows. */
  readonly untold: number;
  /** Each group gets a time box: nobody would end what hangs if the sender were gone. */
  readonly boxAll?: boolean;
}

export interface ScriptSource {
  /** The number by which heads speak of this driver. */
  readonly driver: number;
  readonly name: string;
  readonly script: string;
}

export interface Head {
  readonly driver: number;
  /** Bytes of this message; -1 asks only whether the driver loads. */
  readonly length: number;
  /** Of a head that asks whether the driver loads: which function it has to have. */
  readonly call?: DriverCall;
  readonly data?: JsonObject;
  readonly input?: JsonObject;
  /** Run by itself: it was near when something broke. */
  readonly alone: boolean;
  /** Run in a time box of its own making. What is not is watched from outside, and costs its process where it hangs. */
  readonly boxed: boolean;
  readonly schemaSet: number;
  readonly schemaPolicy: DecodeRequest['schemaPolicy'];
  readonly schemaPolicies?: DecodeRequest['schemaPolicies'];
  readonly receivedAt: number;
  readonly topic: string;
  readonly eventType: string;
  readonly fPort?: number;
  readonly contentType?: string;
  readonly device: DecodeDevice;
}

/** A head with its bytes, on the receiving side. */
export interface Task extends Head {
  readonly bytes: Uint8Array;
}

export type SchemaSet = Readonly<Record<string, JsonObject>>;

/** What a thread or process tells. */
export type Report =
  | { readonly kind: 'ready' }
  /** It begins with `count` messages from `first` on; whatever happens next is their doing. */
  | { readonly kind: 'begin'; readonly first: number; readonly count: number }
  /** JSON of one `DecodeResult` per head, in their order. */
  | { readonly kind: 'done'; readonly results: string };

const loadOnly = -1;

export function headOf({ driver, request, wanted, alone, boxed }: WorkItem, schemaSet: number): Head {
  if (request === undefined) return { ...emptyHead, driver: driver.number, call: wanted };
  return {
    driver: driver.number,
    call: request.call,
    data: request.data,
    input: request.input,
    length: request.bytes.length,
    alone,
    boxed: boxed || alone,
    schemaSet,
    schemaPolicy: request.schemaPolicy,
    schemaPolicies: request.schemaPolicies,
    receivedAt: request.receivedAt,
    topic: request.topic,
    eventType: request.eventType,
    fPort: request.fPort,
    contentType: request.contentType,
    device: request.device,
  };
}

/** Messages of one script that run together, and share a time box where they have one. */
export const groupMax = 64;

/** How many heads from `start` on run together: neighbours of one script. */
export function groupLength(heads: readonly Head[], start: number): number {
  const { driver, alone } = heads[start];
  let end = start + 1;
  if (alone) return 1;
  while (end < heads.length && end - start < groupMax && heads[end].driver === driver && !heads[end].alone) end++;
  return end - start;
}

export function isLoadOnly(head: Head): boolean {
  return head.length === loadOnly;
}

export function tasksOf(job: Job): readonly Task[] {
  const heads: Head[] = JSON.parse(job.heads);
  let at = 0;
  return heads.map((head) => {
    const start = at;
    at += Math.max(0, head.length);
    return { ...head, bytes: job.bytes.subarray(start, at) };
  });
}

const emptyHead: Omit<Head, 'driver'> = {
  length: loadOnly,
  alone: true,
  boxed: true,
  schemaSet: -1,
  schemaPolicy: 'off',
  receivedAt: 0,
  topic: '',
  eventType: '',
  device: { id: '', type: '', firmwareVersion: undefined, attributes: {} },
};
