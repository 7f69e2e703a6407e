import { text } from '../config/schema.ts';
import type { Device } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { apiOptions, many, switchable, value } from './options.ts';
import { print } from './print.ts';

const operands = [{ name: 'DEVICE', sentence: 'the id of a device' }];
const aboutOptions = {
  firmware: value(text(), { placeholder: 'VERSION', sentence: 'Firmware version.' }),
  gateway: value(text(), { placeholder: 'DEVICE', sentence: 'The device that may act for it.' }),
  attribute: many(text({ pattern: /^[^=]+=/, expected: 'NAME=VALUE' }), {
    placeholder: 'NAME=VALUE',
    sentence: 'Attribute of the device.',
  }),
  retired: switchable({ sentence: 'Refuse the device from now on.' }),
};

export const add = command({
  name: 'add',
  summary: 'Registers a device; one that is there is refused, and changed by device update',
  operands,
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Device type; needed.' }),
    ...aboutOptions,
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    const { type, firmware: firmwareVersion, gateway, attribute, retired } = options;
    if (type === undefined) throw new UsageError('Give --type');
    const about = { type, firmwareVersion, gateway, attributes: attributesOf(attribute), retired };
    const api = new Api(options.url, options.token);
    const answer = await api.put<Device>(`${path`/v1/devices/${device}`}?onlyNew=true`, about);
    return print(terminal, options.json, answer, () => `Registered device ${device}.`);
  },
});

export const update = command({
  name: 'update',
  summary: 'Changes what the options name of a device; all else of it stays',
  operands,
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Device type from now on.' }),
    ...aboutOptions,
    'remove-attribute': many(text(), { placeholder: 'NAME', sentence: 'Take an attribute away.' }),
    active: switchable({ sentence: 'Take messages of a retired device again.' }),
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    const { type, firmware: firmwareVersion, gateway, attribute, retired, active } = options;
    if (retired && active) throw new UsageError('Give one of --retired and --active: met both');
    const removed = options['remove-attribute'].map((name) => [name, null]);
    const answer = await new Api(options.url, options.token).patch<Device>(path`/v1/devices/${device}`, {
      type,
      firmwareVersion,
      gateway,
      attributes: { ...Object.fromEntries(removed), ...attributesOf(attribute) },
      retired: retired || active ? retired : undefined,
    });
    const told = type === undefined ? '' : `: it is of type ${JSON.stringify(answer.type)} now`;
    return print(terminal, options.json, answer, () => `Changed device ${device}${told}.`);
  },
});

function attributesOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(given.map(splitAtEquals));
}

function splitAtEquals(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
