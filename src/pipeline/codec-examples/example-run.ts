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

/** Runs each example as the server would, in a thread and a process of its own. Rejects where the driver does not load. */
export async function runExamples(driver: TestedDriver): Promise<readonly ExampleResult[]> {
  const own = driver.examples.filter(({ script }) => script === undefined);
  const results = [...(await runOn(driver, driver.script, own, 'decodeUplink'))];
  for (const [script, examples] of Map.groupBy(driver.examples, ({ script }) => script)) {
    if (script !== undefined) results.push(...(await runBeside(driver, script, examples)));
  }
  return results;
}

/** A script of the way down alone. Where it does not load, its examples fail and no others. */
async function runBeside(
  driver: TestedDriver,
  script: string,
  examples: readonly RunnableExample[],
): Promise<readonly ExampleResult[]> {
  try {
    return await runOn(driver, script, examples, examples[0].call);
  } catch (problem) {
    return examples.map(({ description }) => ({ description, ok: false, problem: (problem as Error).message }));
  }
}

async function runOn(
  { id, version, deviceType, firmware }: TestedDriver,
  script: string | undefined,
  examples: readonly RunnableExample[],
  wanted: DriverCall | undefined,
): Promise<readonly ExampleResult[]> {
  const host = new WorkerDriverHost({ log: silentLog });
  await host.start();
  try {
    if (script !== undefined) await host.add({ id, version, deviceType, firmware, script }, wanted);
    const results = await host.decode(examples.map((example) => requestOf({ id, version }, deviceType, example)));
    return examples.map((example, at) => judge(example, results[at]));
  } finally {
    await host.stop();
  }
}

function requestOf(
  driver: DriverRef,
  deviceType: string,
  { call, bytes, data, fPort, recvTime }: RunnableExample,
): DecodeRequest {
  return {
    driver,
    call: call === 'decodeUplink' ? undefined : call,
    bytes: Buffer.from(bytes, 'hex'),
    data,
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
