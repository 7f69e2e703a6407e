import { nextTurn } from '../../std/in-slices.ts';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DriverCall, DriverMatch, DriverRef } from '../driver.ts';
import { WorkerDriverHost } from '../driver-host/host.ts';
import { type ExampleResult, judge } from './example-judge.ts';
import type { RunnableExample } from './runnable-example.ts';

export interface TestedDriver extends DriverRef, DriverMatch {
  /** Absent where it is built in. */
  readonly script: string | undefined;
  readonly examples: readonly RunnableExample[];
}

/** Examples whose answers wait to be judged. */
const sliceMax = 20;

/** Runs each example as the server would, in a thread and a process of its own. Rejects where the driver does not load. */
export async function runExamples(driver: TestedDriver, keep = asItIs): Promise<readonly ExampleResult[]> {
  const own = driver.examples.filter(({ script }) => script === undefined);
  const results = [...(await runOn(driver, driver.script, own, 'decodeUplink', keep))];
  for (const [script, examples] of Map.groupBy(driver.examples, ({ script }) => script)) {
    if (script !== undefined) results.push(...(await runBeside(driver, script, examples, keep)));
  }
  return results;
}

/** What is kept of a result until all are there. */
type Keep = (result: ExampleResult) => ExampleResult;

function asItIs(result: ExampleResult): ExampleResult {
  return result;
}

/** A script of the way down alone. Where it does not load, its examples fail and no others. */
async function runBeside(
  driver: TestedDriver,
  script: string,
  examples: readonly RunnableExample[],
  keep: Keep,
): Promise<readonly ExampleResult[]> {
  try {
    return await runOn(driver, script, examples, examples[0].call, keep);
  } catch (problem) {
    return examples.map(({ description }) => ({ description, ok: false, problem: (problem as Error).message }));
  }
}

async function runOn(
  { id, version, deviceType, firmware }: TestedDriver,
  script: string | undefined,
  examples: readonly RunnableExample[],
  wanted: DriverCall | undefined,
  keep: Keep,
): Promise<readonly ExampleResult[]> {
  const host = new WorkerDriverHost({ log: silentLog });
  await host.start();
  try {
    if (script !== undefined) await host.add({ id, version, deviceType, firmware, script }, wanted);
    const told: ExampleResult[] = [];
    for (let at = 0; at < examples.length; at += sliceMax) {
      const slice = examples.slice(at, at + sliceMax);
      const results = await host.decode(slice.map((example) => requestOf({ id, version }, deviceType, example)));
      for (const [place, example] of slice.entries()) {
        // What a script answers may be long: to compare it is work, and others have their turn meanwhile.
        await nextTurn();
        told.push(keep(judge(example, results[place])));
      }
    }
    return told;
  } finally {
    await host.stop();
  }
}

function requestOf(
  driver: DriverRef,
  deviceType: string,
  { call, bytes, data, input, fPort, recvTime }: RunnableExample,
): DecodeRequest {
  return {
    driver,
    call: call === 'decodeUplink' ? undefined : call,
    bytes: Buffer.from(bytes, 'hex'),
    data,
    input,
    fPort,
    receivedAt: recvTime === undefined ? 0 : Date.parse(recvTime),
    topic: 'devices/example/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'example', type: deviceType, firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  };
}
