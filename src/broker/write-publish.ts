import type { QoS } from '../message.ts';
import { encodePublish } from '../mqtt/codec/encode-publish.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import type { Publication } from './publication.ts';
import type { SessionLink } from './session.ts';

/** Writes a PUBLISH for one client, under a topic alias where the client takes some and it saves bytes. */
export function writePublish(
  link: SessionLink,
  { topic, payload, isOwned }: Publication,
  properties: PublishProperties | undefined,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
): void {
  const { transport, version } = link;
  const alias = link.aliasesOut?.of(topic);
  if (alias === undefined) {
    encodePublish(transport, topic, payload, properties, qos, retain, dup, packetId, version, isOwned);
    return;
  }
  const name = alias.isNew ? topic : '';
  const withAlias = properties === undefined ? alias.properties : { ...properties, ...alias.properties };
  encodePublish(transport, name, payload, withAlias, qos, retain, dup, packetId, version, isOwned);
}

/** The most that naming topic and alias together adds to a PUBLISH: the property, and lengths that grow by a byte. */
export const aliasBytesMax = 5;
