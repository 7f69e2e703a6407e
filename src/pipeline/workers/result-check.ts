import vm from 'node:vm';
import { SluiceError } from '../../errors.ts';
import type { DecodeRequest, DecodeResult, Driver } from '../driver.ts';
import { policyOf, SchemaChecker } from '../driver-host/schemas.ts';

/** Schema sets whose compiled form is kept; then all are compiled anew. */
const schemaSetsMax = 500;
/** How long the results of one request may take: a pattern of a schema can be made to run for ever, here on the main thread. */
const checkMsMax = 250;

/**
 * Holds what workers answer to the schemas that are to be enforced. Whatever a worker says of a schema is its word only; the
 * warnings of a schema that is not enforced are left to it.
 */
export class ResultCheck {
  readonly #checker = new SchemaChecker();
  readonly #ofDriver: ReadonlyMap<string, Driver['events']>;
  #setsSeen = new WeakSet<object>();
  #sets = 0;
  #check: (() => void) | undefined;
  readonly #box = vm.createContext({ check: () => this.#check?.() });
  readonly #boxed = new vm.Script('check()');

  constructor(builtIn: readonly Driver[]) {
    this.#ofDriver = new Map(builtIn.map(({ id, version, events }) => [`${id}@${version}`, events]));
  }

  /**
   * The results, with a `schema_violation` for each whose readings a schema refuses. Throws `unavailable` where it takes too
   * long: a worker that looked itself would have given the message up.
   */
  checked(requests: readonly DecodeRequest[], results: readonly DecodeResult[]): readonly DecodeResult[] {
    if (!results.some(({ ok }, at) => ok && isEnforced(requests[at]))) return results;
    const judged: DecodeResult[] = [];
    this.#check = () => {
      for (const [at, result] of results.entries()) judged.push(this.#judge(requests[at], result));
    };
    try {
      this.#boxed.runInContext(this.#box, { timeout: checkMsMax });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new SluiceError('unavailable', `The readings were not checked by their schemas within ${checkMsMax} ms`);
    } finally {
      this.#check = undefined;
    }
    return judged;
  }

  #judge(request: DecodeRequest, result: DecodeResult): DecodeResult {
    if (!result.ok || !isEnforced(request)) return result;
    const { driver, schemas, eventType } = request;
    this.#limit(schemas);
    const ofDriver = this.#ofDriver.get(`${driver.id}@${driver.version}`);
    for (const reading of result.readings) {
      if (policyOf(request, reading.eventType ?? eventType) !== 'enforce') continue;
      const reason = this.#checker.problemOf(reading, eventType, schemas, ofDriver);
      if (reason !== undefined) {
        const { decodeUs } = result;
        return { ok: false, stage: 'validate', code: 'schema_violation', reason, decodeUs };
      }
    }
    return result;
  }

  #limit(set: object): void {
    if (this.#setsSeen.has(set)) return;
    if (this.#sets === schemaSetsMax) {
      this.#checker.forget();
      this.#setsSeen = new WeakSet();
      this.#sets = 0;
    }
    this.#setsSeen.add(set);
    this.#sets++;
  }
}

function isEnforced({ schemaPolicy, schemaPolicies }: DecodeRequest): boolean {
  return schemaPolicy === 'enforce' || schemaPolicies !== undefined;
}
