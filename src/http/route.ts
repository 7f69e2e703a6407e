import type { IncomingHttpHeaders } from 'node:http';
import type { CurrentDirectory } from '../queues/queue-directory.ts';
import type { Caller, Who } from './caller.ts';
import type { HttpParts } from './http-parts.ts';
import type { LongPolls } from './long-polls.ts';
import type { MetricsPage } from './metrics/metrics-page.ts';
import type { Presence } from './presence.ts';
import type { Returning } from './returning.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface RouteSchemas {
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  readonly headers?: JsonSchema;
  readonly body?: JsonSchema;
  /** By status. A schema needs a `description`. */
  readonly responses: Readonly<Record<number, JsonSchema>>;
}

/** What a route's schemas let through. */
export interface CallShape {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** One request, authorised and valid by the route's schemas. */
export interface Call<S extends CallShape = CallShape> {
  readonly params: S['params'];
  readonly query: S['query'];
  readonly headers: S['headers'] & IncomingHttpHeaders;
  readonly body: S['body'];
  readonly caller: Caller;
  readonly presence: Presence;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; text as it is, and a stream as it comes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteParts extends HttpParts {
  readonly longPolls: LongPolls;
  readonly metricsPage: MetricsPage;
  readonly returning: Returning;
  /** Of the queues: a request looks through them again only where they have changed. */
  readonly directory: CurrentDirectory;
  /** The OpenAPI document of the contract. */
  readonly openApi: () => object;
}

/** One row of the contract. */
export interface Route<S extends CallShape = CallShape> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/v1/queues/{name}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly who: Who;
  readonly schemas: RouteSchemas;
  /** The body reaches the handler as bytes: of any content type, or of those that are documented here. */
  readonly rawBody?: true | Readonly<Record<string, JsonSchema>>;
  /** The body is a stream of these content types and of any length, which the handler reads while it comes. */
  readonly bodyStream?: Readonly<Record<string, JsonSchema>>;
  readonly handle: (call: Call<S>, parts: RouteParts) => Answer | Promise<Answer>;
}

/** A row whose handler sees the types that its schemas let through. */
export function route<S extends CallShape>(row: Route<S>): Route {
  // The schemas are what makes the shape true at run time; a `Route` of any shape is called through them only.
  return row as unknown as Route;
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}
