import { deviceOf } from '../access/device-topics.ts';
import type { ReceiptWaiter } from '../message.ts';
import { filterMatches } from '../mqtt/topics/match.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { GreetingSource } from './greetings.ts';
import { Publication } from './publication.ts';
import type { RetainedScan, Visit } from './retained-scan.ts';

interface Parts {
  /** What is retained besides. */
  readonly retained: GreetingSource;
  /** The limits of a device as JSON; undefined where there is no such device. */
  readonly limitsOf: (deviceId: string) => Promise<Buffer | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `devices/{id}/limits`, as if it were retained: made when somebody subscribes to topics of one device, and on no disk, where it
 * would be a second word beside the device type.
 */
export class LimitGreetings implements GreetingSource {
  readonly #parts: Parts;
  /** Looked up for the filter that `match` is asked for next, in the same turn. */
  #found: Buffer | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  claims(filter: string): boolean {
    return limitTopicOf(filter) !== undefined;
  }

  whenReadable(filter: string, waiter: ReceiptWaiter, tag: number): void {
    const receipt = (): void => {
      void this.#lookUp(filter).then((found) => {
        this.#found = found;
        waiter.receipt(tag, undefined);
        this.#found = undefined;
      });
    };
    this.#parts.retained.whenReadable(filter, { receipt }, 0);
  }

  match(filter: string, since: number): RetainedScan {
    const topic = limitTopicOf(filter);
    const others = this.#parts.retained.match(filter, since);
    let found = this.#found;
    const { clock } = this.#parts;
    return {
      get isDone() {
        return found === undefined && others.isDone;
      },
      get waitsFor() {
        return others.waitsFor;
      },
      read: (visit: Visit) => {
        if (found !== undefined && topic !== undefined) {
          const publication = new Publication(topic, found, 1, true, json, clock.now(), 'server', true);
          found = undefined;
          if (!visit({ publication, place: 0 })) return 1;
        }
        // What somebody retained there is not what the server says.
        return others.read((message) => message.publication.topic === topic || visit(message));
      },
    };
  }

  async #lookUp(filter: string): Promise<Buffer | undefined> {
    try {
      return await this.#parts.limitsOf(deviceOf(filter) ?? '');
    } catch (problem) {
      this.#parts.log.warn('Cannot tell a device its limits', { filter, problem });
      return undefined;
    }
  }
}

const json = { contentType: 'application/json', payloadFormatIndicator: 1 } as const;

/** The topic of limits that the filter has, where it is about one device. */
function limitTopicOf(filter: string): string | undefined {
  const id = deviceOf(filter);
  if (id === undefined) return undefined;
  const topic = `devices/${id}/limits`;
  return filterMatches(filter, topic) ? topic : undefined;
}
