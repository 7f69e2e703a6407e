/**
 * A small client: publish, and work on what a queue holds, over MQTT or HTTP.
 *
 *     import { connect } from 'sluice/sdk';
 *     const sluice = await connect('mqtt://localhost:1883');
 *     await sluice.publish('images/new', { path: 'a.png' });
 *     const worker = await sluice.consume('images', async (message) => resize(message.json()), { concurrency: 4 });
 *     await worker.stop();
 *     await sluice.close();
 */
export type {
  Client,
  ConnectOptions,
  ConsumeOptions,
  Consumer,
  Handler,
  PublishResult,
  StopOptions,
} from './client.ts';
export { connect } from './connect.ts';
export { idempotent, type Ledger } from './idempotent.ts';
export { MemoryLedger } from './ledger/memory-ledger.ts';
export { SqliteLedger } from './ledger/sqlite-ledger.ts';
export type { Outbound, Payload } from './outbound.ts';
export { Reject, Release } from './outcome.ts';
export type { PublishOptions } from './publish-options.ts';
export type { DeadLetter, Received } from './received.ts';
export { ConnectionRefused, PublishRefused, QueueRefused } from './refusals.ts';
