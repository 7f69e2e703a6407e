import { SluiceError } from '../errors.ts';
import type { MessageProperties } from '../message.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';

/** The length in front of MQTT text and of MQTT bytes has two bytes (MQTT 5, sections 1.5.4 and 1.5.6). */
export const propertyBytesMax = 65_535;

/** All properties of a message: each of the four kinds at its longest once, which is generous for what describes a payload. */
export const propertiesBytesMax = 256 * 1024;

/**
 * Holds properties to what an MQTT decoder would have let through, since to subscribers they go out in MQTT packets: a schema
 * counts characters and takes any. Throws `invalid_argument`, and `invalid_topic` for the response topic.
 */
export function checkProperties(properties: MessageProperties): void {
  const { contentType, responseTopic, correlationData, userProperties = [] } = properties;
  let bytes = checkBytes(correlationData?.length ?? 0, 'correlationData');
  if (contentType !== undefined) bytes += checkText(contentType, 'contentType');
  if (responseTopic !== undefined) bytes += checkResponseTopic(responseTopic);
  for (const [name, value] of userProperties) {
    bytes += checkText(name, 'the name of a user property') + checkText(value, 'the value of a user property');
  }
  if (bytes <= propertiesBytesMax) return;
  throw new SluiceError(
    'invalid_argument',
    `Give properties of at most ${propertiesBytesMax} bytes together: these have ${bytes}`,
  );
}

function checkResponseTopic(topic: string): number {
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw new SluiceError('invalid_topic', `Correct responseTopic: ${problem}`);
  return Buffer.byteLength(topic);
}

/** Answers how many bytes the text has. `field` is named in the error. */
export function checkText(text: string, field: string): number {
  // [MQTT-1.5.4-2]
  if (text.includes('\0')) throw new SluiceError('invalid_argument', `Give ${field} without U+0000: there is one`);
  // [MQTT-1.5.4-1]
  if (!text.isWellFormed()) {
    throw new SluiceError('invalid_argument', `Give ${field} as valid Unicode: there is half a surrogate pair`);
  }
  return checkBytes(Buffer.byteLength(text), field);
}

function checkBytes(bytes: number, field: string): number {
  if (bytes <= propertyBytesMax) return bytes;
  throw new SluiceError('invalid_argument', `Give ${field} with at most ${propertyBytesMax} bytes: it has ${bytes}`);
}
