import { driverStages, type Rollout } from '../../devices/rollout.ts';
import type { ShownDriver } from '../../pipeline/driver-shelf.ts';
import { Api, path } from '../api.ts';
import { command, group, UsageError } from '../command.ts';
import { apiOptions } from '../options.ts';
import { print } from '../print.ts';
import { formatFields, formatTable, withoutControls } from '../table.ts';
import { keepExample } from './driver-keep.ts';
import { decodesOf, fromOf, list, placeOf, stageOf } from './driver-list.ts';
import { newDriver } from './driver-new.ts';
import { driverOperands, put, shareOption, type Warned, warn } from './driver-put.ts';
import { testDriver } from './driver-test.ts';

const show = command({
  name: 'show',
  summary: 'Shows a driver, and what its canary or shadow has shown so far',
  operands: driverOperands,
  options: apiOptions,
  async run({ options, operands: [id, version], terminal }) {
    const answer = await new Api(options.url, options.token).get<ShownDriver>(path`/v1/drivers/${id}/${version}`);
    return print(terminal, options.json, answer, formatDriver);
  },
});

const rollout = command({
  name: 'rollout',
  summary: 'Says how far a driver version is used, from the next batch of messages on',
  note: 'A shadow runs beside the driver in use and changes nothing; a canary decodes for a share of the devices, and is turned off by itself where more of its messages fail, of three devices at least: once it had 100, or before where it is clear; off goes back to the version before.',
  operands: [...driverOperands, { name: 'STAGE', sentence: `${driverStages.join(', ')}` }],
  options: { share: shareOption, ...apiOptions },
  async run({ options, operands: [id, version, wanted], terminal }) {
    const stage = driverStages.find((each) => each === wanted);
    if (stage === undefined) {
      throw new UsageError(`Cannot use stage ${JSON.stringify(wanted)}: expected ${driverStages.join(', ')}`);
    }
    const api = new Api(options.url, options.token);
    const at = path`/v1/drivers/${id}/${version}/rollout`;
    const answer = await api.put<Rollout & Warned>(at, { stage, share: options.share });
    warn(terminal, answer);
    return print(terminal, options.json, answer, (told) => `Driver ${id} ${version} is ${stageOf(told)}.`);
  },
});

export const driver = group('driver', 'Works with the drivers that make readings of payloads', [
  list,
  show,
  put,
  rollout,
  testDriver,
  newDriver,
  keepExample,
]);

function formatDriver(driver: ShownDriver): string {
  const { id, version, deviceType, firmware, rollout: placed, trial, script, warnings } = driver;
  const { canary, shadow } = trial;
  const fields = formatFields({
    driver: `${id} ${version}`,
    'device type': deviceType,
    firmware,
    from: fromOf(driver),
    stage: withoutControls(placeOf(driver)),
    decodes: decodesOf(driver),
    ...(placed.reason === undefined ? {} : { reason: placed.reason }),
    ...(canary === undefined
      ? {}
      : {
          canary: `${canary.failed} of ${canary.messages} messages failed`,
          others: `${canary.othersFailed} of ${canary.othersMessages} messages failed`,
        }),
    ...(shadow === undefined
      ? {}
      : {
          shadow: `${shadow.same} the same, ${shadow.different} different, ${shadow.failed} failed, ${shadow.mended} mended, ${shadow.dropped} not tried`,
        }),
  });
  const samples = formatTable(
    shadow?.samples ?? [],
    [
      { title: 'device', cell: (row) => row.deviceId },
      { title: 'message', cell: (row) => row.messageId },
      { title: 'in use', cell: (row) => row.inUse },
      { title: 'shadow', cell: (row) => row.shadow },
    ],
    '',
  );
  return [fields, ...warnings.map((warning) => `Warning: ${warning}.`), samples, script ?? '']
    .filter((part) => part !== '')
    .join('\n\n');
}
