import { SluiceError } from '../errors.ts';
import type { Consumer, ConsumerSource, Consumption, SourceRequest } from '../message.ts';
import type { ConsumeRequest, Engine, QueueInfo } from './engine.ts';
import { CurrentDirectory, type QueueDirectory } from './queue-directory.ts';
import { isSourceFilter, parseSourceFilter, type SourceFilter, startIn } from './source-filter.ts';

/**
 * Queues as clients see them when they subscribe: `$queue/<name>`, `$q/<filter>` for the queue that is bound to exactly
 * that filter, and `$stream/<log>/<group>`.
 */
export class QueueSource implements ConsumerSource {
  readonly #engine: Engine;
  readonly #directory: CurrentDirectory;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#directory = new CurrentDirectory(engine);
  }

  claims(filter: string): boolean {
    return isSourceFilter(filter);
  }

  /** Rejects with `queue_not_found`, and with `invalid_argument` where the queue is of another kind than the filter says. */
  async resolve(filter: string): Promise<{ queue: string; filters: readonly string[] }> {
    const { queue, directory } = await this.#find(filter, parseSourceFilter(filter));
    return { queue: queue.name, filters: directory.filtersThatFeed(queue) };
  }

  async consume(filter: string, consumer: Consumer, request: SourceRequest): Promise<Consumption> {
    const asked = parseSourceFilter(filter);
    const { queue } = await this.#find(filter, asked);
    const { properties, ...credit } = request;
    return this.#engine.consume(queue.name, consumer, { ...credit, ...groupIn(asked, properties) });
  }

  onFeedingChanged(listener: () => void): void {
    this.#engine.onRoutesChanged(listener);
  }

  async #find(filter: string, asked: SourceFilter): Promise<{ queue: QueueInfo; directory: QueueDirectory }> {
    const directory = await this.#directory.get();
    const queue = asked.form === 'bound' ? directory.boundTo(asked.filter) : directory.named(asked.name);
    if (queue === undefined) {
      const detail = asked.form === 'bound' ? { filter } : { filter, queue: asked.name, kind: kindOf(asked) };
      throw new SluiceError('queue_not_found', `Cannot consume "${filter}": ${missing(asked)}`, { detail });
    }
    const problem = kindProblem(queue, asked);
    if (problem === undefined) return { queue, directory };
    throw new SluiceError('invalid_argument', `Cannot consume "${filter}": ${problem}`, { detail: { filter } });
  }
}

function groupIn(
  asked: SourceFilter,
  properties: SourceRequest['properties'],
): Pick<ConsumeRequest, 'group' | 'start'> {
  if (asked.form !== 'stream') return {};
  const start = startIn(properties);
  return start === undefined ? { group: asked.group } : { group: asked.group, start };
}

function missing(asked: SourceFilter): string {
  if (asked.form === 'bound') return `no queue is bound to exactly "${asked.filter}"`;
  return `there is no ${kindOf(asked) === 'log' ? 'log' : 'queue'} "${asked.name}"`;
}

function kindOf({ form }: SourceFilter): QueueInfo['options']['kind'] {
  return form === 'stream' ? 'log' : 'work';
}

function kindProblem({ name, options }: QueueInfo, { form }: SourceFilter): string | undefined {
  if (options.kind === 'log' && form !== 'stream') return `it is a log: subscribe to $stream/${name}/<group>`;
  if (options.kind === 'work' && form === 'stream') return `it is a work queue: subscribe to $queue/${name}`;
  return undefined;
}
