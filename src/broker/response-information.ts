import type { ConnackProperties, ConnectPacket } from '../mqtt/codec/packets.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';

/**
 * Where a client that asks [MQTT-3.1.2-28] may have its answers sent: the beginning of topics, for it to complete. A client
 * id with wildcards in it is told nothing.
 */
export function responseInformation(
  { properties }: ConnectPacket,
  clientId: string,
  prefix: string | undefined,
): Pick<ConnackProperties, 'responseInformation'> {
  if (prefix === undefined || properties?.requestResponseInformation !== 1) return {};
  const information = prefix.replaceAll(/\$\{clientId\}/g, () => clientId);
  return topicNameProblem(information) === undefined ? { responseInformation: information } : {};
}
