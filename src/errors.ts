/**
 * The catalogue of errors: one row a fact. A code is stable and public (HTTP problem `code`, log field, dead-letter reason).
 * `mqtt` is the MQTT 5 reason code and `http` the status that the edges translate it to; `retryable` tells the caller
 * whether the same request can succeed later.
 */
export const errorCatalogue = {
  // Requests that can never succeed as they are
  invalid_argument: { http: 400, mqtt: 0x83, retryable: false, title: 'The request is not valid' },
  invalid_topic: { http: 400, mqtt: 0x90, retryable: false, title: 'The topic name is not valid' },
  invalid_filter: { http: 400, mqtt: 0x8f, retryable: false, title: 'The topic filter is not valid' },
  payload_unreadable: { http: 400, mqtt: 0x99, retryable: false, title: 'The payload cannot be read' },
  payload_too_large: { http: 413, mqtt: 0x95, retryable: false, title: 'The payload is too large' },
  unsupported_format: { http: 415, mqtt: 0x99, retryable: false, title: 'The payload format is not known' },
  schema_violation: { http: 422, mqtt: 0x99, retryable: false, title: 'The reading does not match its schema' },
  schema_unknown: { http: 422, mqtt: 0x99, retryable: false, title: 'The schema that the message names is not known' },
  time_out_of_range: { http: 422, mqtt: 0x99, retryable: false, title: 'The time of the reading is out of range' },
  no_driver: { http: 422, mqtt: 0x99, retryable: false, title: 'No driver matches the device and its firmware' },
  driver_failed: { http: 422, mqtt: 0x99, retryable: false, title: 'The driver could not decode the payload' },
  driver_timeout: { http: 422, mqtt: 0x99, retryable: false, title: 'The driver took too long' },
  message_expired: { http: 410, mqtt: 0x83, retryable: false, title: 'The time of the message ran out' },
  not_supported: { http: 501, mqtt: 0x83, retryable: false, title: 'The server cannot do this' },
  // Rights
  unauthenticated: { http: 401, mqtt: 0x87, retryable: false, title: 'The credentials are missing or wrong' },
  not_authorized: { http: 403, mqtt: 0x87, retryable: false, title: 'This is not allowed' },
  device_unknown: { http: 404, mqtt: 0x87, retryable: false, title: 'The device is not registered' },
  device_retired: { http: 410, mqtt: 0x87, retryable: false, title: 'The device is retired' },
  // Things that are not there, or there already
  not_found: { http: 404, mqtt: 0x83, retryable: false, title: 'Nothing has that name' },
  queue_not_found: { http: 404, mqtt: 0x8f, retryable: false, title: 'The queue does not exist' },
  conflict: { http: 409, mqtt: 0x83, retryable: false, title: 'It exists already and differs' },
  lease_lost: { http: 409, mqtt: 0x83, retryable: false, title: 'The lease is no longer held' },
  // Limits and trouble that pass
  rate_limited: { http: 429, mqtt: 0x97, retryable: true, title: 'It comes faster than it may' },
  quota_exceeded: { http: 429, mqtt: 0x97, retryable: true, title: 'A limit is reached' },
  queue_full: { http: 429, mqtt: 0x97, retryable: true, title: 'The queue is full' },
  disk_full: { http: 507, mqtt: 0x97, retryable: true, title: 'The disk is full' },
  unavailable: { http: 503, mqtt: 0x88, retryable: true, title: 'The server is not ready' },
  driver_set_aside: { http: 503, mqtt: 0x83, retryable: true, title: 'The driver of the device is set aside for now' },
  storage_failed: { http: 503, mqtt: 0x83, retryable: true, title: 'The message could not be stored' },
  internal: { http: 500, mqtt: 0x80, retryable: true, title: 'Something unexpected went wrong' },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  readonly http: number;
  readonly mqtt: number;
  readonly retryable: boolean;
  readonly title: string;
}

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * An error from the catalogue. `message` says what was expected and what was met; `detail` holds machine-readable extras.
 *
 * A refusal, which is the caller's affair and not the server's, has no stack: its sentence says all of it, and whoever floods
 * the server with what it refuses would pay less for each message than the server for its stack.
 */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; detail?: Record<string, unknown> }) {
    const { stackTraceLimit } = Error;
    if (errorCatalogue[code].http < 500) limitStack(0);
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    limitStack(stackTraceLimit);
    this.name = 'SluiceError';
    this.code = code;
    this.detail = options?.detail;
  }

  get row(): ErrorRow {
    return errorCatalogue[this.code];
  }
}

/** Nothing where intrinsics are frozen. */
function limitStack(frames: number): void {
  Reflect.set(Error, 'stackTraceLimit', frames);
}

/** As somebody hears of it who may do something about it; to others that would say what they may not do. */
export function withRemedy(error: SluiceError): SluiceError {
  const condition = conditions[error.code];
  const { queue, kind } = error.detail ?? {};
  if (condition === undefined || (error.code !== 'queue_not_found' && queue === undefined)) return error;
  const name = typeof queue === 'string' && /^\w[\w.-]*$/.test(queue) ? queue : 'NAME';
  const remedy = `make it with \`sluice queue create ${name}${kind === 'log' ? ' --kind log' : ''} --bind FILTER\``;
  return new SluiceError(error.code, `${error.message}; ${condition}${remedy}`, {
    cause: error.cause,
    detail: { ...error.detail },
  });
}

/** What a queue that is made can help against, and under which condition. */
const conditions: Partial<Record<ErrorCode, string>> = {
  queue_not_found: '',
  // Of a publish to the topic that a queue is read from, whether there is such a queue or not.
  not_authorized: 'where there is none, ',
};

/** An error as everybody outside sees it, of RFC 9457: in an HTTP answer, and on the `errors` topic of a device. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
  /** The step of the pipeline that refused a device message. */
  readonly stage?: string;
  readonly messageId?: string;
  readonly [extension: string]: unknown;
}

export function problemOf(error: SluiceError): Problem {
  const { code } = error;
  const { http: status, retryable, title } = error.row;
  const type = `urn:sluice:problem:${code}`;
  return { ...error.detail, type, title, status, detail: publicDetail(error), code, retryable };
}

/** What went wrong inside is for the log; it may name files and queries. */
export function publicDetail({ code, message }: SluiceError): string {
  return code === 'internal' ? 'Try again; if it stays, look into the log of the server' : message;
}

/** What any thrown value is in the catalogue's terms; the unknown becomes `internal` and keeps its cause. */
export function toSluiceError(problem: unknown): SluiceError {
  if (problem instanceof SluiceError) return problem;
  const message = problem instanceof Error ? problem.message : String(problem);
  return new SluiceError('internal', message, { cause: problem });
}
