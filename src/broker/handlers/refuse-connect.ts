import { type ConnackProperties, PacketType } from '../../mqtt/codec/packets.ts';
import type { Connection } from '../connection.ts';
import { countReason } from '../counters.ts';

export type Refusal = readonly [reasonCode: number, reason: string];

/** CONNACK with the reason, in the form of the connection's version, and the end. */
export function refuseConnect(
  connection: Connection,
  reasonCode: number,
  reason: string,
  level: 'debug' | 'info' = 'info',
): void {
  if (connection.phase === 'closed') return;
  countReason(connection.context.counters.connectRefused, reasonCode);
  connection.context.log[level]('Connection refused', {
    remoteAddress: connection.transport.peer.remoteAddress,
    reasonCode,
    reason,
  });
  const v5 = connection.version === 5;
  if (v5 || !withoutReturnCode.has(reasonCode))
    connection.send({
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode: v5 ? connackReasonCode(reasonCode) : (returnCodes.get(reasonCode) ?? 0x03),
      properties: v5 ? { ...connection.reasonProperties(reason), ...whereTo(connection, reasonCode) } : undefined,
    });
  connection.leave();
  connection.transport.end();
}

export const retainNotSupported = 0x9a;
export const qosNotSupported = 0x9b;
export const useAnotherServer = 0x9c;
export const serverMoved = 0x9d;

/** The Server Reference of a listener that sends its clients elsewhere [MQTT-4.13.2]. */
function whereTo({ transport }: Connection, reasonCode: number): Pick<ConnackProperties, 'serverReference'> {
  if (reasonCode !== useAnotherServer && reasonCode !== serverMoved) return {};
  return { serverReference: transport.peer.listener.redirect?.serverReference };
}

/** CONNACK return codes of 3.1.1 by the reason code of MQTT 5; anything else is 3, server unavailable. */
const returnCodes = new Map([
  [0x84, 0x01],
  [0x85, 0x02],
  [0x87, 0x05],
  [0x8a, 0x05],
  [0x8c, 0x05],
  [0x95, 0x05],
]);

/** None of 3.1.1 fits: the connection ends without CONNACK [MQTT-3.2.2-6]. */
const withoutReturnCode = new Set([retainNotSupported, qosNotSupported]);

/** Reason codes of the catalogue that CONNACK may not carry become `unspecified error`. */
function connackReasonCode(reasonCode: number): number {
  return connackReasonCodes.has(reasonCode) ? reasonCode : 0x80;
}

const connackReasonCodes = new Set([
  0x80,
  0x81,
  0x82,
  0x83,
  0x84,
  0x85,
  0x87,
  0x88,
  0x89,
  0x8a,
  0x8c,
  0x90,
  0x95,
  0x97,
  0x99,
  retainNotSupported,
  qosNotSupported,
  useAnotherServer,
  serverMoved,
  0x9f,
]);
