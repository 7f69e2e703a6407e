import type { QoS } from '../message.ts';
import { type EncodedProperties, encodePublishHead, publishSize } from '../mqtt/codec/encode-publish.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import type { Publication } from './publication.ts';
import type { SessionLink } from './session.ts';

/** Writes a PUBLISH for one client, under a topic alias where the client takes some and it saves bytes. */
export function writePublish(
  link: SessionLink,
  publication: Publication,
  properties: PublishProperties | undefined,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  added?: EncodedProperties,
): void {
  const { transport, version } = link;
  const { topic, payloadBytes } = publication;
  const alias = mayUseAlias(link, publication, properties, qos, added) ? link.aliasesOut?.of(topic) : undefined;
  if (alias === undefined) {
    encodePublishHead(transport, topic, payloadBytes, properties, qos, retain, dup, packetId, version, added);
  } else {
    const name = alias.isNew ? topic : '';
    const withAlias = properties === undefined ? alias.properties : { ...properties, ...alias.properties };
    encodePublishHead(transport, name, payloadBytes, withAlias, qos, retain, dup, packetId, version, added);
  }
  publication.writePayload(transport);
}

/** An alias that is named with its topic must not take the packet over the client's Maximum Packet Size, into which it fits without. */
function mayUseAlias(
  { aliasesOut, packetBytesMax, version }: SessionLink,
  { topic, payloadBytes }: Publication,
  properties: PublishProperties | undefined,
  qos: QoS,
  added: EncodedProperties | undefined,
): boolean {
  if (aliasesOut === undefined || packetBytesMax === Number.POSITIVE_INFINITY) return true;
  return publishSize(topic, payloadBytes, properties, qos, version, added) + aliasBytesMax <= packetBytesMax;
}

/** The most that naming topic and alias together adds to a PUBLISH: the property, and lengths that grow by a byte. */
const aliasBytesMax = 5;
