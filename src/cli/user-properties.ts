import { text } from '../config/schema.ts';

/** How a user property of MQTT 5 stands on the command line. */
export const userPropertyText = text({ pattern: /^[^=]+=/, expected: 'NAME=VALUE' });

/** As MQTT.js takes them: a name that is given twice has both values, in their order. */
export function userProperties(given: readonly string[]): Record<string, string[]> {
  const properties: Record<string, string[]> = {};
  for (const each of given) {
    const name = each.slice(0, each.indexOf('='));
    properties[name] = [...(properties[name] ?? []), each.slice(name.length + 1)];
  }
  return properties;
}
