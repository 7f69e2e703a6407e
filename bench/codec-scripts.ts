import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import type { DecodeRequest } from '../src/pipeline/driver.ts';
import { WorkerDriverHost } from '../src/pipeline/driver-host/host.ts';
import { devicePayloads, deviceTypeOf } from '../src/pipeline/examples/device-payloads.ts';
import { exampleCodecs } from '../src/pipeline/examples/testing/codecs.ts';
import { silentLog } from '../src/std/log.ts';
import { cpuSeconds } from './process-usage.ts';

// Microseconds per message of a codec script, from the call to its answer and of processor time, the process that it runs in
// included: node bench/codec-scripts.ts, or node bench/codec-scripts.ts codec.js fPort hex

const batchMessages = 500;
const batches = 20;
const singles = 2_000;

const host = new WorkerDriverHost({ threads: 1, log: silentLog });
await host.start();
const [file, fPort, hex] = process.argv.slice(2);
if (file === undefined) {
  for (const { id, file: url } of exampleCodecs) {
    const payload = devicePayloads.find((candidate) => deviceTypeOf(candidate) === id);
    if (payload !== undefined) await measure(id, readFileSync(url, 'utf8'), payload.fPort, payload.bytes);
  }
} else {
  await measure(basename(file, '.js'), readFileSync(file, 'utf8'), Number(fPort), hex);
}
await host.stop();

async function measure(id: string, script: string, port: number, bytes: string): Promise<void> {
  await host.add({ id, version: '1.0.0', deviceType: id, firmware: '*', script });
  const request = requestOf(id, port, Buffer.from(bytes, 'hex'));
  const batch = new Array<DecodeRequest>(batchMessages).fill(request);
  await repeat(3, batch);
  const inBatches = await repeat(batches, batch);
  await repeat(singles, [request]);
  const alone = await repeat(singles, [request]);
  const [result] = await host.decode([request]);
  const answer = result.ok ? JSON.stringify(result.readings).slice(0, 60) : result.reason;
  process.stdout.write(
    `${id.padEnd(24)} ${us(inBatches)} in batches of ${batchMessages}, ${us(alone)} by itself   ${answer}\n`,
  );
}

/** Milliseconds a message. */
async function repeat(times: number, requests: readonly DecodeRequest[]): Promise<{ wallMs: number; cpuMs: number }> {
  const started = performance.now();
  const cpu = cpuMs();
  for (let count = 0; count < times; count++) await host.decode(requests);
  const messages = times * requests.length;
  return { wallMs: (performance.now() - started) / messages, cpuMs: (cpuMs() - cpu) / messages };
}

/** Of this process and those that it started. */
function cpuMs(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + children.reduce((sum, pid) => sum + cpuSeconds(Number(pid)) * 1000, 0);
}

function us({ wallMs, cpuMs }: { wallMs: number; cpuMs: number }): string {
  return `${(wallMs * 1000).toFixed(1).padStart(7)} µs (${(cpuMs * 1000).toFixed(1)} of processor)`;
}

function requestOf(id: string, port: number, bytes: Uint8Array): DecodeRequest {
  return {
    driver: { id, version: '1.0.0' },
    bytes,
    fPort: port,
    receivedAt: 0,
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd1', type: id, firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  };
}
