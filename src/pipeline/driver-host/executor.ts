import v8 from 'node:v8';
import type { DecodeResult, Driver, DriverCall, UplinkInput } from '../driver.ts';
import { GroupFit } from './group-fit.ts';
import { groupLength, isLoadOnly, type Job, type SchemaSet, type Task, tasksOf } from './job.ts';
import { type Answer, answerOf, refuse, shorten, warningsMax } from './readings.ts';
import { CodecScript, type ScriptAnswer, ScriptProblem } from './sandbox.ts';
import { policyOf, SchemaChecker } from './schemas.ts';
import { answerOfScript } from './script-answer.ts';
import { type UnwrappedTask, unwrapped } from './unwrap.ts';

/** Messages of one script that may run out of time in one job; the rest is not tried, so that a job takes a second at most. */
const timeoutsMax = 8;
/** Bytes of arrays that scripts may keep between messages before contexts are given up. */
const keptBytesMax = 64 * 1024 * 1024;
/** How often that is looked at: to ask for it costs some microseconds. */
const groupsPerLook = 8;

export interface ExecutorOptions {
  readonly drivers: readonly Driver[];
  readonly timeoutMs: number;
  /** Bytes of heap at which contexts of scripts are given up, since what they keep is nobody's. */
  readonly heapBytesHigh: number;
  /** Frees what nobody uses any more. */
  readonly collectGarbage: () => void;
  /** Told before messages are worked on, so that whoever waits knows whose fault a silence is. */
  readonly begin: (first: number, count: number) => void;
}

/** Decodes and validates jobs: the inside of a driver thread or script process. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #checker = new SchemaChecker();
  readonly #sources = new Map<number, { name: string; script: string }>();
  /** The one that was needed last comes last. */
  readonly #scripts = new Map<number, CodecScript>();
  readonly #schemas = new Map<number, SchemaSet>();
  readonly #timeouts = new Map<number, number>();
  readonly #fit: GroupFit;
  readonly #untidy = new Set<CodecScript>();
  #groupsSinceLook = 0;
  #boxAll = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#fit = new GroupFit(options.timeoutMs);
  }

  /** JSON of one `DecodeResult` per message. */
  run(job: Job): string {
    this.#learn(job);
    this.#boxAll = job.boxAll === true;
    this.#timeouts.clear();
    const tasks = tasksOf(job).map((task) => (this.#readsAll(task) ? task : unwrapped(task)));
    const results: DecodeResult[] = [];
    while (results.length < tasks.length) {
      const first = results.length;
      if (first > 0) this.#limitMemory();
      const group = tasks.slice(first, first + this.#groupLength(tasks, first));
      if (first > 0 || group.length !== job.untold) this.#options.begin(first, group.length);
      results.push(...this.#timedGroup(first, group));
    }
    return JSON.stringify(results);
  }

  /** Whether it is for one that knows no devices, and finds out by itself what it was given. */
  #readsAll({ driver }: Task): boolean {
    return this.#options.drivers[driver]?.match.deviceType === '*';
  }

  /** What scripts left is looked after when their answers are gone, so that nobody waits for it. */
  tidy(): void {
    for (const script of this.#untidy) script.tidy();
    this.#untidy.clear();
    this.#limitMemory();
  }

  /** Messages of built-in drivers go one by one: it is always known which of them is at work. */
  #groupLength(tasks: readonly Task[], first: number): number {
    const { driver } = tasks[first];
    if (this.#options.drivers[driver] !== undefined) return 1;
    return Math.min(groupLength(tasks, first), this.#fit.lengthOf(driver));
  }

  #learn(job: Job): void {
    if (job.forgetSchemas) {
      this.#schemas.clear();
      this.#checker.forget();
    }
    if (job.forgetScripts) this.#forgetSources();
    for (const [number, text] of job.schemas) this.#schemas.set(number, JSON.parse(text));
    for (const { driver, name, script } of job.scripts) this.#sources.set(driver, { name, script });
  }

  #forgetSources(): void {
    this.#sources.clear();
    this.#scripts.clear();
    this.#fit.forget();
  }

  /** Messages that run together share the time. */
  #timedGroup(first: number, group: readonly UnwrappedTask[]): DecodeResult[] {
    const began = performance.now();
    const results = this.#decodeGroup(first, group);
    const decodeUs = Math.round(((performance.now() - began) * 1_000) / group.length);
    return results.map((result) => ({ ...result, decodeUs }));
  }

  #decodeGroup(first: number, group: readonly UnwrappedTask[]): DecodeResult[] {
    const [task] = group;
    if (task.answer !== undefined) return [task.answer];
    const driver = this.#options.drivers[task.driver];
    if (driver === undefined) return this.#decodeByScript(first, group);
    return [this.#finish(task, answerFrom(driver, task), driver)];
  }

  #decodeByScript(first: number, group: readonly Task[]): DecodeResult[] {
    const [{ driver, call }] = group;
    let answers: readonly ScriptAnswer[] | undefined;
    let began = 0;
    try {
      const script = this.#script(driver, call);
      if (isLoadOnly(group[0])) return [{ ok: true, readings: [], warnings: [] }];
      if ((this.#timeouts.get(driver) ?? 0) >= timeoutsMax) return group.map(() => this.#notTried(driver));
      this.#untidy.add(script);
      began = performance.now();
      answers = script.decode(group.map(scriptInput), this.#boxAll || group.some(({ boxed }) => boxed));
      this.#fit.took(driver, group.length, performance.now() - began);
    } catch (problem) {
      if (!(problem instanceof ScriptProblem)) throw problem;
      if (isLoadOnly(group[0])) this.#sources.delete(driver);
      return group.map(() => ({ ok: false, stage: 'decode', code: 'driver_failed', reason: shorten(problem.message) }));
    }
    if (answers !== undefined)
      return group.map((task, index) => this.#finish(task, answerOfScript(task.call, answers[index]), undefined));
    if (group.length > 1) return group.flatMap((task, index) => this.#decodeAlone(first + index, task));
    this.#timeouts.set(driver, (this.#timeouts.get(driver) ?? 0) + 1);
    return [timedOut(this.#options.timeoutMs, performance.now() - began)];
  }

  #notTried(driver: number): DecodeResult {
    const reason = `Send the message again later, and mend driver "${this.#sources.get(driver)?.name}": it ran out of time on ${timeoutsMax} others just before`;
    return { ok: false, stage: 'decode', code: 'driver_set_aside', reason };
  }

  #decodeAlone(place: number, task: Task): DecodeResult[] {
    this.#options.begin(place, 1);
    return this.#decodeByScript(place, [{ ...task, boxed: true }]);
  }

  #script(driver: number, call: DriverCall | undefined): CodecScript {
    let script = this.#scripts.get(driver);
    if (script === undefined) {
      const source = this.#sources.get(driver);
      if (source === undefined) throw new Error(`Cannot run driver ${driver}: its script was never sent`);
      script = new CodecScript(source.name, source.script, this.#options.timeoutMs, call);
    }
    this.#scripts.delete(driver);
    this.#scripts.set(driver, script);
    return script;
  }

  /** What is only garbage is no reason to make contexts anew. */
  #limitMemory(): void {
    if (++this.#groupsSinceLook < groupsPerLook) return;
    this.#groupsSinceLook = 0;
    if (!this.#keepsTooMuch()) return;
    this.#options.collectGarbage();
    if (this.#keepsTooMuch()) this.#forgetScripts();
  }

  /** The half that was not needed for the longest time. */
  #forgetScripts(): void {
    const oldest = [...this.#scripts.keys()].slice(0, Math.ceil(this.#scripts.size / 2));
    for (const driver of oldest) this.#scripts.delete(driver);
  }

  #keepsTooMuch(): boolean {
    const { external_memory, used_heap_size } = v8.getHeapStatistics();
    return external_memory > keptBytesMax || used_heap_size > this.#options.heapBytesHigh;
  }

  #finish(task: Task, answer: Answer, driver: Driver | undefined): DecodeResult {
    if (!answer.ok) return { ok: false, stage: 'decode', code: 'driver_failed', reason: answer.reason };
    if (task.schemaPolicy === 'off' && task.schemaPolicies === undefined) return answer;
    const own = this.#schemas.get(task.schemaSet) ?? noSchemas;
    for (const reading of answer.readings) {
      const policy = policyOf(task, reading.eventType ?? task.eventType);
      if (policy === 'off') continue;
      const problem = this.#checker.problemOf(reading, task.eventType, own, driver?.events);
      if (problem === undefined) continue;
      if (policy === 'enforce') return { ok: false, stage: 'validate', code: 'schema_violation', reason: problem };
      answer.warnings.push(problem);
      if (answer.warnings.length >= 2 * warningsMax) break;
    }
    return answer;
  }
}

const noSchemas: SchemaSet = {};

/** The box counts processor time: on a busy machine more of the other kind passes. */
function timedOut(timeoutMs: number, triedMs: number): DecodeResult {
  const reason = `The driver did not answer within ${timeoutMs} ms of processor time`;
  return { ok: false, stage: 'decode', code: 'driver_timeout', reason, triedMs };
}

function answerFrom(driver: Driver, task: Task): Answer {
  try {
    return answerOf(driver.decodeUplink(inputOf(task)));
  } catch (problem) {
    return refuse(`The driver threw: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
}

function inputOf(task: Task): UplinkInput {
  return {
    bytes: task.bytes,
    fPort: task.fPort,
    recvTime: new Date(task.receivedAt),
    topic: task.topic,
    contentType: task.contentType,
    eventType: task.eventType,
    device: task.device,
  };
}

/** The input of a script: that of The Things Stack, `variables` as ChirpStack names them, and what Sluice knows besides. */
function scriptInput(task: Task): object {
  const input = ownInput(task);
  return task.input === undefined ? input : { ...input, ...task.input, call: task.call };
}

function ownInput(task: Task): object {
  return {
    bytes: Array.from(task.bytes),
    fPort: task.fPort,
    recvTime: task.receivedAt,
    variables: task.device.attributes,
    topic: task.topic,
    contentType: task.contentType,
    eventType: task.eventType,
    device: task.device,
    call: task.call,
    data: task.data,
  };
}
