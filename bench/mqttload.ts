import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a run of mqttload printed. Rates are messages a second, latencies milliseconds from sending to receiving where nothing else is said. */
export interface LoadResult {
  readonly acknowledgedRate: number;
  readonly receivedRate: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly p50: number;
  readonly p99: number;
  /** From PUBLISH to its acknowledgement; 0 at QoS 0. */
  readonly ackP50: number;
  readonly ackP99: number;
  readonly ackMax: number;
  readonly complete: boolean;
}

/** Compiles mqttload into the folder and answers the program. */
export function compileMqttload(folder: string): string {
  const program = join(folder, 'mqttload');
  const source = fileURLToPath(new URL('mqttload.c', import.meta.url));
  execFileSync('cc', ['-O2', '-o', program, source, '-lm'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

export interface Load {
  readonly program: string;
  readonly port: number;
  readonly arguments: string;
  readonly core: number | undefined;
  /** Called when the connections of an idle run stand. */
  readonly connected?: () => Promise<void>;
}

/** Runs one load to its end. Rejects when the broker refused it or cut it off; an incomplete one is a result. */
export async function runLoad(load: Load): Promise<LoadResult | undefined> {
  const command = [load.program, '--port', String(load.port), ...load.arguments.split(' ')];
  const [file, ...args] = load.core === undefined ? command : ['taskset', '-c', String(load.core), ...command];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let result: LoadResult | undefined;
  let looking: Promise<void> | undefined;
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.includes('idle connections=')) looking = load.connected?.();
    else result = parseResult(line);
  });
  const [status, signal] = await once(child, 'close');
  await looking;
  if (signal !== null || status > 1)
    throw new Error(`mqttload ${load.arguments} ended with ${signal ?? status}: ${errors}`);
  return result;
}

export function parseResult(line: string): LoadResult {
  const field = (name: string): number =>
    Number(new RegExp(`(?:^|[ |])${name}=(-?[\\d.]+)`).exec(line)?.[1] ?? Number.NaN);
  return {
    acknowledgedRate: field('pub_rate'),
    receivedRate: field('recv_rate'),
    lost: field('lost'),
    duplicates: field('dup'),
    reordered: field('reorder'),
    p50: field('p50'),
    p99: field('p99'),
    ackP50: field('ack_p50'),
    ackP99: field('ack_p99'),
    ackMax: field('ack_max'),
    complete: !line.includes('INCOMPLETE'),
  };
}
