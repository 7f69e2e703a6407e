import type { Answer, Ledger } from './ledger.ts';
import type { Shipment } from './shipment.ts';

/** One device's way to the platform. */
export interface Sender {
  /** Shipments that may be on their way at once. */
  readonly inflightMax: number;
  /** The last thing that went wrong on the way, for whoever waits too long. */
  readonly trouble: string | undefined;
  /** Sends until there is a final answer; what goes unanswered is sent again. */
  send(shipment: Shipment): Promise<Answer>;
  stop(): Promise<void>;
}

/** Sends the shipments in their order, and records each answer. */
export async function sendAll(sender: Sender, shipments: readonly Shipment[], ledger: Ledger): Promise<void> {
  const inflight = new Set<Promise<void>>();
  for (const shipment of shipments) {
    const sent: Promise<void> = sender.send(shipment).then((answer) => {
      inflight.delete(sent);
      ledger.record(shipment, answer);
    });
    inflight.add(sent);
    if (inflight.size >= sender.inflightMax) await Promise.race(inflight);
  }
  await Promise.all(inflight);
}

/** What a device says of a message beside its payload, by the names that MQTT and HTTP share. */
export function saidOf(shipment: Shipment): Record<string, string> {
  const said = {
    'sluice-message-id': shipment.messageId,
    'sluice-time': shipment.time,
    'sluice-seq': shipment.seq,
    'sluice-fport': shipment.fPort,
    'sluice-firmware': shipment.firmware,
  };
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) {
    if (value !== undefined) given[name] = String(value);
  }
  return given;
}
