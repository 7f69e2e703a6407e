import type { SchemaPolicy } from '../../devices/device-type.ts';
import { parseSchemaUrn } from '../../devices/event-schemas.ts';
import { SluiceError, toSluiceError } from '../../errors.ts';
import { policyOf } from '../driver-host/schemas.ts';
import type { NamedSchema } from '../named-schemas.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { Step, StepContext } from './step.ts';

/** The schema that the message names, which need not be the current one. Most name none. */
export const pickSchema: Step = {
  name: 'pick schema',
  run(works, context) {
    let lookups: Promise<void>[] | undefined;
    for (const work of works) {
      const said = work.said?.schema;
      const lookup = said === undefined ? undefined : pick(work, said, context);
      if (lookup === undefined) continue;
      lookups ??= [];
      lookups.push(lookup);
    }
    return lookups === undefined ? undefined : Promise.all(lookups).then(() => undefined);
  },
};

function pick(work: Work, said: string, { schemas }: StepContext): Promise<void> | undefined {
  const { type, ways } = work.known as KnownDevice;
  const { eventType } = work.address;
  const name = parseSchemaUrn(said) ?? { deviceType: type.name, eventType, version: Number(said) };
  const policy = policyOf({ schemaPolicy: type.schemaPolicy, schemaPolicies: ways.schemaPolicies }, name.eventType);
  if (policy === 'off') return undefined;
  const found = schemas.find(type, name);
  if (!(found instanceof Promise)) {
    take(work, found, policy);
    return undefined;
  }
  return found.then(
    (schema) => take(work, schema, policy),
    (problem) => work.stop('validate', toSluiceError(problem)),
  );
}

function take(work: Work, found: NamedSchema | SluiceError | undefined, policy: SchemaPolicy): void {
  if (!(found instanceof SluiceError)) work.schema = found;
  else if (policy === 'warn') work.warnings = [found.message];
  else work.stop('validate', found);
}
