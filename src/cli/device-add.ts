import { text } from '../config/schema.ts';
import type { Device } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { apiOptions, many, switchable, value } from './options.ts';
import { print } from './print.ts';

export const add = command({
  name: 'add',
  summary: 'Registers a device, or changes what the options name of one that is there; all else of it stays',
  operands: [{ name: 'DEVICE', sentence: 'the id of a device' }],
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Device type; needed for a new device.' }),
    firmware: value(text(), { placeholder: 'VERSION', sentence: 'Firmware version.' }),
    gateway: value(text(), { placeholder: 'DEVICE', sentence: 'The device that may act for it.' }),
    attribute: many(text({ pattern: /^[^=]+=/, expected: 'NAME=VALUE' }), {
      placeholder: 'NAME=VALUE',
      sentence: 'Attribute of the device.',
    }),
    'remove-attribute': many(text(), { placeholder: 'NAME', sentence: 'Take an attribute away.' }),
    retired: switchable({ sentence: 'Refuse the device from now on.' }),
    active: switchable({ sentence: 'Take messages of a retired device again.' }),
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    if (options.retired && options.active) throw new UsageError('Give one of --retired and --active: met both');
    const api = new Api(options.url, options.token);
    const at = path`/v1/devices/${device}`;
    const there = await api.find<Device>(at, 'device_unknown');
    const type = options.type ?? there?.type;
    if (type === undefined) throw new UsageError(`Give --type: ${JSON.stringify(device)} is not registered yet`);
    const answer = await api.put(at, {
      type,
      firmwareVersion: options.firmware ?? there?.firmwareVersion,
      attributes: changedAttributes(there?.attributes, options.attribute, options['remove-attribute']),
      gateway: options.gateway ?? there?.gateway,
      retired: options.retired || (!options.active && there?.retired === true),
    });
    return print(terminal, options.json, answer, () =>
      there === undefined ? `Registered device ${device}.` : `Changed device ${device}.`,
    );
  },
});

function changedAttributes(
  there: Device['attributes'] = {},
  given: readonly string[],
  removed: readonly string[],
): Device['attributes'] {
  const kept = Object.entries(there).filter(([name]) => !removed.includes(name));
  return Object.fromEntries([...kept, ...given.map(splitAtEquals)]);
}

function splitAtEquals(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
