import type { JsonObject } from '../../std/json.ts';
import type { DriverCall } from '../driver.ts';

/** What one call of one function of a codec script has to become. */
export interface RunnableExample {
  readonly description: string;
  /** `decodeUplink` where absent. */
  readonly call?: DriverCall | undefined;
  /** Hex. */
  readonly bytes: string;
  /** What there is to encode. */
  readonly data?: JsonObject | undefined;
  /** What else the script finds in its input. */
  readonly input?: JsonObject | undefined;
  readonly fPort?: number | undefined;
  /** ISO 8601; 1970 where absent. */
  readonly recvTime?: string | undefined;
  readonly output: JsonObject;
  /** The script that it is for, where that is not the driver's own. */
  readonly script?: string;
}

/** Of one driver that is brought in. */
export const examplesMax = 1_000;
