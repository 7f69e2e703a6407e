import { SluiceError, toSluiceError } from '../../errors.ts';
import { messageIdOf, readDeviceMessage, withMessageId } from '../device-message.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { Step, StepContext } from './step.ts';

/** Whose message it is, which one, and what the device says about it. */
export const identify: Step = {
  name: 'identify',
  run(works, context) {
    let lookups: Promise<void>[] | undefined;
    for (const work of works) {
      const known = context.devices.peek(work.address.deviceId);
      if (known !== undefined) take(work, known);
      if (work.verdict === undefined) readIdentity(work, context);
      if (known !== undefined || work.verdict !== undefined) continue;
      lookups ??= [];
      lookups.push(lookUp(work, context));
    }
    return lookups === undefined ? undefined : Promise.all(lookups).then(() => undefined);
  },
};

export function deviceUnknown(deviceId: string): SluiceError {
  return new SluiceError('device_unknown', `Register device "${deviceId}" first: it is not known`);
}

export function deviceRetired(deviceId: string): SluiceError {
  return new SluiceError('device_retired', `Cannot take a message of device "${deviceId}": it is retired`);
}

function readIdentity(work: Work, { nextMessageId }: StepContext): void {
  const said = readDeviceMessage(work.message);
  if (said instanceof SluiceError) {
    refuse(work, said);
    return;
  }
  work.said = said;
  if (said.messageId === undefined) {
    work.messageId = nextMessageId();
    work.message = withMessageId(work.message, work.messageId);
  } else {
    work.messageId = said.messageId;
  }
}

async function lookUp(work: Work, { devices }: StepContext): Promise<void> {
  try {
    take(work, await devices.lookup(work.address.deviceId));
  } catch (problem) {
    work.stop('identify', toSluiceError(problem));
  }
}

function take(work: Work, known: KnownDevice | null): void {
  if (known === null) {
    refuse(work, deviceUnknown(work.address.deviceId));
    return;
  }
  work.known = known;
  if (known.device.retired) refuse(work, deviceRetired(work.address.deviceId));
}

/** Its dead letter is found by the id that the message has, too. */
function refuse(work: Work, problem: SluiceError): void {
  if (work.messageId === '') work.messageId = messageIdOf(work.message) ?? '';
  work.stop('identify', problem);
}
