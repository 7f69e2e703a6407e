import { parentPort, workerData } from 'node:worker_threads';
import { SluiceError } from '../../errors.ts';
import { type OpenOperations, openOperations, type WorkerOptions } from './operations.ts';
import { type Opened, openedId, type Reply, type Request } from './protocol.ts';
import { stepBehindTheEventLoop } from './thread-priority.ts';

/** The thread of one database connection: requests in their order, one at a time. */
const port = parentPort;
if (port === null) throw new Error('Cannot run the SQLite worker: it has to be started as a worker thread');

const refused = stepBehindTheEventLoop((workerData as WorkerOptions).role);

let open: OpenOperations | undefined;
port.postMessage([
  reply(openedId, () => {
    open = openOperations(workerData as WorkerOptions);
    return { priorityRefused: refused } satisfies Opened;
  }),
]);
port.on('message', (requests: readonly Request[]) => port.postMessage(requests.map(answer)));

function answer(request: Request): Reply {
  return reply(request.id, () => {
    if (request.name === 'close') return open?.close();
    const operation = open?.operations[request.name] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (operation === undefined) throw new Error(`Cannot run "${request.name}": this worker does not offer it`);
    return operation(...request.args);
  });
}

function reply(id: number, body: () => unknown): Reply {
  try {
    return { id, ok: true, value: body() };
  } catch (problem) {
    if (problem instanceof SluiceError) return { id, ok: false, code: problem.code, message: problem.message };
    const { message, errcode } = problem as { message: string; errcode?: number };
    const suffix = errcode === undefined ? '' : ` (SQLite result code ${errcode})`;
    return { id, ok: false, code: 'storage_failed', message: `Cannot use the device store: ${message}${suffix}` };
  }
}
