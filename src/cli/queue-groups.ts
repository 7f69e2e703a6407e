import type { GroupInfo } from '../queues/engine.ts';
import { groupStartForms } from '../queues/group-start.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { apiOptions, switchable } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatTable } from './table.ts';

const log = { name: 'LOG', sentence: 'the name of a log' };
const group = { name: 'GROUP', sentence: 'the name of a group' };

export const groups = command({
  name: 'groups',
  summary: 'Lists the groups of a log, each with its position and lag',
  operands: [log],
  options: apiOptions,
  async run({ options, operands: [name], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ groups: readonly GroupInfo[] }>(path`/v1/queues/${name}/groups`);
    return print(terminal, options.json, answer, ({ groups }) =>
      formatTable(
        groups,
        [
          { title: 'group', cell: (row) => row.name },
          { title: 'position', cell: (row) => String(row.position) },
          { title: 'lag', cell: (row) => row.lagMessages },
          { title: 'lag (ms)', cell: (row) => row.lagMs },
          { title: 'to drain (ms)', cell: (row) => row.timeToDrainMs },
          { title: 'leased', cell: (row) => row.leased },
          { title: 'scheduled', cell: (row) => row.scheduled },
          { title: 'consumers', cell: (row) => row.consumers },
          { title: 'dead', cell: (row) => row.deadLettered },
          { title: 'skipped', cell: (row) => row.skipped },
        ],
        'There are no groups.',
      ),
    );
  },
});

export const seek = command({
  name: 'seek',
  summary: 'Lets a group of a log go on from another place; what its consumers hold is lost to them',
  operands: [log, group, { name: 'PLACE', sentence: groupStartForms }],
  options: {
    make: switchable({ sentence: 'Make the group where there is none.' }),
    ...apiOptions,
  },
  async run({ options, operands: [name, groupName, to], terminal }) {
    const api = new Api(options.url, options.token);
    if (!options.make) await requireGroup(api, name, groupName);
    const answer = await api.post<GroupInfo>(path`/v1/queues/${name}/groups/${groupName}/seek`, { to });
    return print(
      terminal,
      options.json,
      answer,
      ({ position, lagMessages }) =>
        `Group ${groupName} goes on at ${position}, with ${formatCount(lagMessages, 'message')} to go.`,
    );
  },
});

/** A name that is misspelled makes no group. */
async function requireGroup(api: Api, name: string, groupName: string): Promise<void> {
  const { groups } = await api.get<{ groups: readonly GroupInfo[] }>(path`/v1/queues/${name}/groups`);
  if (groups.some((each) => each.name === groupName)) return;
  const known = groups.slice(0, knownShown).map((each) => `"${each.name}"`);
  const more = groups.length > knownShown ? ` and ${groups.length - knownShown} more` : '';
  const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}${more}`;
  throw new Error(`Name a group of "${name}" (${there}), or make "${groupName}" with --make`);
}

/** Groups that an error lists. */
const knownShown = 20;

export const forget = command({
  name: 'forget',
  summary: 'Forgets a group of a log with its position',
  operands: [log, group],
  options: apiOptions,
  async run({ options, operands: [name, groupName], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/queues/${name}/groups/${groupName}`);
    return print(terminal, options.json, { forgotten: groupName }, () => `Forgot group ${groupName} of ${name}.`);
  },
});
