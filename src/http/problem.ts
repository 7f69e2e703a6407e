import { type ErrorCode, type Problem, problemOf, publicDetail, SluiceError, toSluiceError } from '../errors.ts';

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

/** What Fastify calls its errors, and what they are in the catalogue. */
const frameworkErrors: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'payload_too_large',
    detail: 'Send a smaller body: this one is larger than the server takes',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_format',
    detail: "Send the body as JSON with 'Content-Type: application/json'",
  },
  FST_ERR_CTP_INVALID_TYPE: { code: 'unsupported_format', detail: 'Give a content type that can be read' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_argument', detail: 'Send as many bytes as Content-Length says' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'payload_unreadable', detail: 'Send a body that is valid JSON' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'payload_unreadable', detail: 'Send a body that is valid JSON' },
  FST_ERR_BAD_URL: { code: 'invalid_argument', detail: 'Give a path whose percent encoding can be read' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'invalid_argument', detail: 'Give a shorter name in the path' },
};

const secondsUntilRetry = 1;

/** Whatever a handler or the framework threw, as the answer that the caller gets. */
export function problemAnswer(thrown: unknown): ProblemAnswer {
  const error = asSluiceError(thrown);
  const body = problemOf(error);
  const headers = { ...problemHeaders(error), 'content-type': 'application/problem+json' };
  return { status: body.status, headers, body };
}

/** For a result of one item in a batch that was answered with 200. */
export function itemProblem(error: SluiceError): {
  ok: false;
  code: ErrorCode;
  detail: string;
  retryable: boolean;
} {
  return { ok: false, code: error.code, detail: publicDetail(error), retryable: error.row.retryable };
}

function asSluiceError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError || !(thrown instanceof Error)) return toSluiceError(thrown);
  const { code, statusCode } = thrown as Error & { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known !== undefined) return new SluiceError(known.code, known.detail, { cause: thrown });
  if (thrown instanceof SyntaxError && statusCode === 400) {
    return new SluiceError('payload_unreadable', `Send a body that is valid JSON: ${thrown.message}`, {
      cause: thrown,
    });
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new SluiceError('invalid_argument', thrown.message, { cause: thrown });
  }
  return toSluiceError(thrown);
}

function problemHeaders(error: SluiceError): Record<string, string> {
  const { http: status } = error.row;
  if (status === 401) return { 'www-authenticate': 'Basic realm="sluice", Bearer realm="sluice"' };
  if (status !== 429 && status !== 503 && status !== 507) return {};
  const after = error.detail?.retryAfterSeconds;
  return { 'retry-after': String(typeof after === 'number' ? Math.ceil(after) : secondsUntilRetry) };
}
