import type { Api } from '../api.ts';
import type { Terminal } from '../command.ts';
import type { Ledger } from './ledger.ts';
import type { Sender } from './sender.ts';
import type { ServerProcess } from './server-process.ts';
import type { Shipment } from './shipment.ts';

/** What the steps of the demo share. */
export interface World {
  readonly terminal: Terminal;
  readonly server: ServerProcess;
  readonly api: () => Api;
  readonly ledger: Ledger;
  /** What each device sends, by its id. */
  readonly traffic: ReadonlyMap<string, readonly Shipment[]>;
  /** One for each device, from the registration on. */
  readonly senders: Map<string, Sender>;
}

export interface Step {
  readonly title: string;
  readonly run: (world: World) => Promise<void>;
}

export function say(world: World, line: string): void {
  world.terminal.out(`   ${line}`);
}

export function count(n: number): string {
  return n.toLocaleString('en');
}
