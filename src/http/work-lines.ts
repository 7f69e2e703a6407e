import { SluiceError, toSluiceError } from '../errors.ts';
import type { Caller } from './caller.ts';
import { callerNow } from './caller-now.ts';
import type { WorkerSessionDoor } from './doors/worker-door.ts';
import type { Presence } from './presence.ts';
import type { RouteParts } from './route.ts';

/** Shorter than what a worker calls silence. With every line, and as often at least, it is looked at again what the caller may. */
const stepMs = 5_000;

/** To decode what the ingest queue holds one has to be allowed to consume it, and to say what the messages are. */
const queueFilter = '$queue/ingest';
const resultsTopic = '$pipeline/results';

type Parts = Pick<RouteParts, 'access' | 'longPolls' | 'options' | 'clock' | 'log'>;

/** Rejects with `not_authorized`. */
export function requireWorker({ access }: Pick<RouteParts, 'access'>, { identity, clientId }: Caller): void {
  if (access.mayAdminister(identity)) return;
  if (access.maySubscribe(identity, clientId, queueFilter) && access.mayPublish(identity, clientId, resultsTopic))
    return;
  throw new SluiceError(
    'not_authorized',
    `Cannot work for the pipeline: ${JSON.stringify(identity.name)} needs the rights to subscribe to "${queueFilter}" and to publish to "${resultsTopic}"`,
  );
}

/** What a worker is to do, a JSON text a line, for as long as it is there and may do it. */
export function workLines(
  parts: Parts,
  session: WorkerSessionDoor,
  caller: Caller,
  presence: Presence,
): AsyncGenerator<string> {
  // Not with the first line: a caller who is gone by now asks for none.
  presence.onLeft(() => session.end(gone));
  return linesOf(parts, session, caller);
}

async function* linesOf(parts: Parts, session: WorkerSessionDoor, caller: Caller): AsyncGenerator<string> {
  try {
    const { bodyBytesMax } = parts.options;
    yield line({ kind: 'open', session: session.session, bodyBytesMax, hearsReports: true });
    while (session.reason === undefined) {
      requireWorker(parts, await callerNow(parts, caller));
      const next = await parts.longPolls.wait({
        start: async () => ({ text: await session.next(stepMs) }),
        onLeft: () => undefined,
        late: () => session.end(stopping),
      });
      if (next === undefined) break;
      if (next.text !== undefined) yield `${next.text}\n`;
      else if (session.reason === undefined) yield line({ kind: 'waiting' });
    }
    yield endLine(session.reason ?? stopping);
  } catch (problem) {
    parts.log.info('A worker is sent away', { caller: caller.clientId, problem });
    yield endLine(toSluiceError(problem));
  } finally {
    session.end(gone);
  }
}

const gone = new SluiceError('unavailable', 'The connection of the worker ended');
const stopping = new SluiceError('unavailable', 'The server stops');

function endLine({ code, message }: SluiceError): string {
  return line({ kind: 'end', code, reason: message });
}

function line(said: object): string {
  return `${JSON.stringify(said)}\n`;
}
