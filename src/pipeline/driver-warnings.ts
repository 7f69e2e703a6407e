import type { DriverRef, ListedDriver, RivalDriver, Serving } from './driver.ts';

/** What an operator who looks at this driver, or just rolled it out, would not expect of it: a sentence each. */
export function driverWarnings(driver: ListedDriver, serves: Serving): readonly string[] {
  const { stage } = driver.rollout;
  if (stage === 'off') return gaps(driver, serves);
  if (serves.firmware.length === 0 && !serves.unknownFirmware) return [uselessness(driver, serves.givesWayTo)];
  if (stage === 'active') return [];
  const foreign = driver.deviceType === '*' ? [] : serves.beside.filter(({ deviceType }) => deviceType === '*');
  return [
    ...foreign.map((rival) => loneliness(driver, `are read by ${nameOf(rival)}, which is for every device type`)),
    ...(serves.isAlone ? [loneliness(driver, 'have no driver, and become dead letters')] : []),
  ];
}

/** What becomes of messages that a version which is off would decode, where no other one for their type does. */
function gaps({ deviceType, firmware }: ListedDriver, { beside, isAlone }: Serving): readonly string[] {
  const foreign = deviceType === '*' ? [] : beside.filter((rival) => rival.deviceType === '*');
  const some = beside.length > foreign.length ? 'some messages' : 'messages';
  const whose = `Roll out another version for ${JSON.stringify(deviceType)} as active: while this one is off, ${some} with firmware ${firmware}`;
  return [
    ...foreign.map((rival) => `${whose} are read by ${nameOf(rival)}, which is for every device type`),
    ...(isAlone ? [`${whose} have no driver, and become dead letters`] : []),
  ];
}

function loneliness({ deviceType, rollout }: ListedDriver, fate: string): string {
  const whose = rollout.stage === 'canary' ? 'Messages of devices that the canary does not have' : 'Messages';
  return `Roll out a version for ${JSON.stringify(deviceType)} as active first: no driver for it is in use beside this one. ${whose} ${fate}`;
}

function uselessness({ deviceType, firmware, rollout }: ListedDriver, before: readonly RivalDriver[]): string {
  const what = { active: 'decodes for', canary: 'decodes for', shadow: 'runs beside', off: '' }[rollout.stage];
  const why =
    before.length === 0 ? '' : `: ${before.map(nameOf).join(', ')} ${before.length === 1 ? 'goes' : 'go'} before it`;
  return `It ${what} no device of type ${JSON.stringify(deviceType)} with firmware ${firmware}${why}`;
}

function nameOf({ id, version }: DriverRef): string {
  return `${id} ${version}`;
}
