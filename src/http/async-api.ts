import type { DeviceType } from '../devices/device-type.ts';
import type { JsonObject } from '../std/json.ts';
import { eventTypesOf, ownSchema, readingEnvelope } from './reading-schemas.ts';

/** The topics of devices and their readings as AsyncAPI 3, with the schemas of the device types: what a team gives to those who listen. */
export function asyncApi(types: readonly DeviceType[], ofDrivers: SchemasOfDrivers): object {
  const all = types.flatMap((type) => {
    const read = ofDrivers(type.name);
    const eventTypes = new Set([...eventTypesOf(type), ...Object.keys(read)]);
    return [...eventTypes].map((eventType) => describe(type, eventType, read));
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Devices of this server',
      version: '1',
      description: 'Over MQTT: what devices send, and what is published of it once it is decoded, checked and stored.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(all.flatMap(({ channels }) => channels)),
    operations: Object.fromEntries(all.flatMap(({ operations }) => operations)),
  };
}

/** What drivers for a device type read, by event type: it holds where the type has no schema of its own. */
type SchemasOfDrivers = (deviceType: string) => Readonly<Record<string, JsonObject>>;

interface Described {
  readonly channels: readonly (readonly [id: string, channel: object])[];
  readonly operations: readonly (readonly [id: string, operation: object])[];
}

/** `receive` is what the server takes, `send` what it publishes. */
function describe(type: DeviceType, eventType: string, read: ReturnType<SchemasOfDrivers>): Described {
  const id = `${type.name}.${eventType}`;
  const said = eventType === 'telemetry' ? 'telemetry' : `events/${eventType}`;
  return {
    channels: [
      [`${id}.sent`, channel(`devices/{deviceId}/${said}`, sentMessages(type, eventType))],
      [`${id}.read`, channel(`events/${type.name}/{deviceId}/${eventType}`, readMessages(type, eventType, read))],
    ],
    operations: [
      [`${id}.take`, operation('receive', `${id}.sent`, `Takes ${eventType} of devices of type ${type.name}`)],
      [`${id}.publish`, operation('send', `${id}.read`, `Publishes ${eventType} that was not known to be older`)],
    ],
  };
}

function channel(address: string, messages: object): object {
  return { address, messages, parameters: { deviceId: { description: 'The id of the device' } } };
}

function operation(action: 'send' | 'receive', channelId: string, summary: string): object {
  return { action, channel: { $ref: `#/channels/${channelId}` }, summary };
}

function sentMessages(type: DeviceType, eventType: string): object {
  return {
    json: {
      summary: 'For the JSON driver',
      contentType: 'application/json',
      payload: inDialect(ownSchema(type, eventType)),
    },
    bytes: {
      summary: 'For a driver of the device type, which reads the same out of it',
      contentType: 'application/octet-stream',
    },
  };
}

function readMessages(type: DeviceType, eventType: string, read: ReturnType<SchemasOfDrivers>): object {
  const payload = inDialect(readingEnvelope(type, eventType, read));
  return { reading: { contentType: 'application/json', payload } };
}

/** Without a format a schema would be one of AsyncAPI's own dialect. */
function inDialect(schema: JsonObject): object {
  const isOlder = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  return { schemaFormat: `application/schema+json;version=draft-${isOlder ? '07' : '2020-12'}`, schema };
}
