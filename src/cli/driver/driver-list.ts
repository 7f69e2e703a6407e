import type { Rollout } from '../../devices/rollout.ts';
import type { ShelvedDriver, ShownDriver } from '../../pipeline/driver-shelf.ts';
import { Api } from '../api.ts';
import { command } from '../command.ts';
import { apiOptions, switchable } from '../options.ts';
import { print } from '../print.ts';
import { formatCount, formatTable, withoutControls } from '../table.ts';

export const list = command({
  name: 'list',
  summary: 'Lists the drivers that were brought, how far each is rolled out, and the firmware that it decodes',
  note: 'What is `standby` is active too, but a newer version or a narrower range decodes all of its firmware; it takes over where that is turned off. Of those that are built in it lists the ones for the same device types, and all with --built-in.',
  options: {
    'built-in': switchable({ sentence: 'Also all drivers that are built in.' }),
    ...apiOptions,
  },
  async run({ options: { 'built-in': all, ...options }, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ drivers: readonly ShelvedDriver[] }>('/v1/drivers');
    const drivers = all ? answer.drivers : ownAndRivals(answer.drivers);
    const left = answer.drivers.length - drivers.length;
    return print(terminal, options.json, { drivers }, (told) => format(told.drivers, left));
  },
});

/** A driver that is built in may go before one's own, or take what it leaves. */
function ownAndRivals(drivers: readonly ShelvedDriver[]): readonly ShelvedDriver[] {
  const types = new Set(drivers.filter(({ builtIn }) => !builtIn).map(({ deviceType }) => deviceType));
  return drivers.filter(({ builtIn, deviceType }) => !builtIn || types.has(deviceType));
}

function format(drivers: readonly ShelvedDriver[], left: number): string {
  const table = [
    formatTable(
      drivers,
      [
        { title: 'driver', cell: (row) => row.id },
        { title: 'version', cell: (row) => row.version },
        { title: 'device type', cell: (row) => row.deviceType },
        { title: 'for firmware', cell: (row) => row.firmware },
        { title: 'stage', cell: standingOf },
        { title: 'decodes', cell: decodesOf },
        { title: 'from', cell: fromOf },
      ],
      'No driver was brought.',
    ),
    ...drivers.flatMap(setAsideLines),
  ];
  if (left > 0)
    table.push(`${formatCount(left, 'driver')} of Sluice's own ${left === 1 ? 'is' : 'are'} left out: see --built-in.`);
  return table.join('\n');
}

/** What hung or broke down again and again, and where. */
function setAsideLines({ id, version, setAsideFor, setAsideByWorkers }: ShelvedDriver): readonly string[] {
  const places = [{ worker: undefined, deviceTypes: setAsideFor }, ...setAsideByWorkers];
  return places
    .filter(({ deviceTypes }) => deviceTypes.length > 0)
    .map(
      ({ worker, deviceTypes }) =>
        `${id} ${version} is set aside for ${withoutControls(deviceTypes.join(', '))}${worker === undefined ? '' : ` by ${worker}`}.`,
    );
}

/** Who or what brought it. */
export function fromOf({ builtIn, folder }: Pick<ShelvedDriver, 'builtIn' | 'folder'>): string {
  return builtIn ? 'sluice' : (folder ?? 'upload');
}

/** Two of one driver may be active: the one that has nothing waits behind the other. Of which types it is set aside stands below. */
function standingOf(driver: ShelvedDriver): string {
  const { rollout, serves } = driver;
  const hasNothing = serves.firmware.length === 0 && !serves.unknownFirmware && serves.givesWayTo.length > 0;
  const stage = hasNothing && rollout.stage === 'active' ? 'standby' : stageOf(rollout);
  return isSetAside(driver) ? `${stage}, set aside` : stage;
}

/** By the server or a worker, for any device type. */
function isSetAside({ setAsideFor, setAsideByWorkers }: ShelvedDriver): boolean {
  return setAsideFor.length > 0 || setAsideByWorkers.length > 0;
}

/** As `driver show` says it. */
export function placeOf(driver: ShownDriver): string {
  const types = new Set([driver.setAsideFor, ...driver.setAsideByWorkers.map((each) => each.deviceTypes)].flat());
  return `${stageOf(driver.rollout)}${isSetAside(driver) ? `, set aside for ${[...types].join(', ')}` : ''}`;
}

export function stageOf({ stage, share }: Pick<Rollout, 'stage' | 'share'>): string {
  return stage === 'canary' ? `canary for ${Math.round(share * 1000) / 10} % of devices` : stage;
}

/** The firmware whose devices it has: all of them, its share, or none yet, as its stage says. */
export function decodesOf({ rollout: { stage }, serves, id }: ShelvedDriver): string {
  const { firmware, unknownFirmware, givesWayTo } = serves;
  if (stage === 'off') return 'nothing';
  const rivals = givesWayTo.map((rival) => (rival.id === id ? rival.version : `${rival.id} ${rival.version}`));
  if (firmware.length === 0 && !unknownFirmware) {
    return rivals.length === 0 ? 'nothing' : `nothing, since there is ${rivals.join(', ')}`;
  }
  if (firmware[0] === '*' && unknownFirmware)
    return stage === 'shadow' ? 'nothing, beside all firmware' : 'all firmware';
  const parts = [
    ...firmware.map((range) => (range === '*' ? 'all known' : range)),
    ...(unknownFirmware ? ['unknown'] : []),
  ];
  return `${stage === 'shadow' ? 'nothing, beside ' : ''}${parts.join(' or ')}`;
}
