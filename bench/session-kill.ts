import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../src/std/testing/random.ts';
import { Device } from './sessions/device.ts';
import { Ledger, Reading } from './sessions/ledger.ts';
import { type SluiceBroker, startSluice } from './sluice.ts';

/**
 * Kills the server again and again under QoS 1 and 2 between kept sessions, some of which are away part of the time, and then
 * accounts for each message. Ends with status 1 when one is lost, when one of QoS 2 came twice, when a session is not there
 * any more, or when the run gets stuck.
 */
const usage = `Usage: node bench/session-kill.ts [options]

  --kills N          times that the server is ended by SIGKILL and started again (5)
  --messages N       of each publisher (4000)
  --publishers N     half of them with QoS 1, half with QoS 2 (6)
  --subscribers N    to everything; half of them come and go (6)
  --seed N           decides when what happens (1)
`;

/** Without progress for so long the run is stuck. */
const stuckMs = 30_000;
/** Between two of those who come and go. */
const comeAndGoMs = 40;

interface Options {
  readonly kills: number;
  readonly messages: number;
  readonly publishers: number;
  readonly subscribers: number;
  readonly seed: number;
}

class SessionKill {
  readonly #options: Options;
  readonly #random: Random;
  readonly #home = mkdtempSync(join(tmpdir(), 'sluice-session-kill-'));
  readonly #ledgers: Ledger[];
  readonly #readings: Reading[][];
  readonly #publishers: Device[];
  readonly #subscribers: Device[];
  #port = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#random = new Random(options.seed);
    const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
    this.#ledgers = indexes(options.publishers).map((index) => new Ledger(index % 2 === 0 ? 1 : 2));
    this.#readings = indexes(options.subscribers).map(() => this.#ledgers.map((ledger) => new Reading(ledger)));
    this.#publishers = this.#ledgers.map((ledger, index) => this.#publisher(ledger, index));
    this.#subscribers = this.#readings.map((readings, index) => this.#subscriber(readings, index));
  }

  async run(): Promise<boolean> {
    const { kills, messages, publishers } = this.#options;
    let server = await startSluice({ home: this.#home });
    this.#port = server.mqttPort;
    try {
      for (const device of this.#subscribers) device.connect();
      await this.#reached(() => this.#subscribers.every(({ isReady }) => isReady));
      for (const device of this.#publishers) device.connect();
      for (let kill = 1; kill <= kills; kill++) {
        const share = (kill - this.#random.fraction()) / kills;
        await this.#reached(() => this.#acknowledged >= messages * publishers * share);
        server = await this.#kill(server, kill);
      }
      const isComplete = await this.#reached(() => this.#isComplete());
      return this.#report(isComplete);
    } finally {
      for (const device of [...this.#publishers, ...this.#subscribers]) device.cut();
      await server.stop();
      rmSync(this.#home, { recursive: true });
    }
  }

  async #kill(server: SluiceBroker, kill: number): Promise<SluiceBroker> {
    process.stderr.write(`kill ${kill} at ${this.#acknowledged} acknowledged\n`);
    const devices = [...this.#publishers, ...this.#subscribers];
    const connected = devices.filter(({ isConnected }) => isConnected);
    await server.stop('SIGKILL');
    await Promise.all(connected.map((device) => device.disconnected()));
    const next = await startSluice({ home: this.#home, mqttPort: server.mqttPort, httpPort: server.httpPort });
    for (const device of connected) device.connect();
    return next;
  }

  #publisher(ledger: Ledger, index: number): Device {
    const payload = Buffer.alloc(64, 'x');
    const pump = (): void => {
      while (device.hasRoom && ledger.sent < this.#options.messages) {
        const number = ledger.next();
        payload.writeUInt32BE(number);
        device.publish(`kill/${index}`, payload, ledger.qos, false, () => {
          ledger.acknowledge(number);
          pump();
        });
      }
    };
    const device: Device = new Device({ ...this.#place('publisher', index), ready: pump });
    return device;
  }

  #subscriber(readings: readonly Reading[], index: number): Device {
    return new Device({
      ...this.#place('subscriber', index),
      filters: [{ filter: 'kill/#', qos: 2 }],
      receiveMaximum: index % 3 === 0 ? 20 : undefined,
      received: (topic, payload) => readings[Number(topic.slice('kill/'.length))].receive(payload.readUInt32BE()),
    });
  }

  #place(kind: string, index: number) {
    const open = () => connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    return { clientId: `${kind}-${index}`, version: index % 4 < 2 ? (5 as const) : (4 as const), open };
  }

  get #acknowledged(): number {
    return this.#ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  get #received(): number {
    return this.#readings.flat().reduce((sum, { received }) => sum + received, 0);
  }

  #isComplete(): boolean {
    const { messages, publishers, subscribers } = this.#options;
    const isSent = this.#acknowledged === messages * publishers;
    return isSent && this.#received === messages * publishers * subscribers;
  }

  /** Waits for the condition while some come and go. False when nothing moves any more. */
  async #reached(condition: () => boolean): Promise<boolean> {
    let before = -1;
    let movedAt = performance.now();
    for (; !condition(); await wait(comeAndGoMs)) {
      this.#comeAndGo();
      const now = this.#acknowledged + this.#received;
      if (now !== before) movedAt = performance.now();
      else if (performance.now() - movedAt > stuckMs) return false;
      before = now;
    }
    return true;
  }

  #comeAndGo(): void {
    const device = this.#random.pick(this.#subscribers.filter((_, index) => index % 2 === 1));
    const isOver = this.#acknowledged === this.#options.messages * this.#options.publishers;
    if (isOver) for (const away of this.#subscribers.filter(({ isConnected }) => !isConnected)) away.connect();
    else if (device === undefined) return;
    else if (!device.isConnected) device.connect();
    else if (device.isReady) this.#random.pick([() => device.cut(), () => device.leave(), () => device.connect()])();
  }

  #report(isComplete: boolean): boolean {
    const readings = this.#readings.flat();
    const sum = (of: (reading: Reading) => number, qos?: number): number =>
      readings.filter(({ ledger }) => qos === undefined || ledger.qos === qos).reduce((all, one) => all + of(one), 0);
    const devices = [...this.#publishers, ...this.#subscribers];
    const lost = sum((reading) => reading.lost);
    const twice = sum(({ repeated }) => repeated, 2);
    const reordered = sum((reading) => reading.reordered);
    const sessionsLost = devices.reduce((all, device) => all + device.sessionsLost, 0);
    const problems = devices.flatMap((device) => device.problems);
    process.stdout.write(
      [
        `${this.#options.kills} kills, seed ${this.#options.seed}: acknowledged ${this.#acknowledged}, received ${this.#received} ` +
          `by ${this.#subscribers.length} subscribers, lost ${lost}${isComplete ? '' : '  INCOMPLETE'}`,
        `QoS 1 came again ${sum(({ repeated }) => repeated, 1)}, QoS 2 came twice ${twice}, out of order ${reordered}, sessions lost ${sessionsLost}`,
        ...problems.slice(0, 10),
        '',
      ].join('\n'),
    );
    return isComplete && lost + twice + reordered + sessionsLost + problems.length === 0;
  }
}

const options = parseOptions();
if (options === undefined) process.stdout.write(usage);
else if (!(await new SessionKill(options).run())) process.exitCode = 1;

function parseOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      kills: { ...text, default: '5' },
      messages: { ...text, default: '4000' },
      publishers: { ...text, default: '6' },
      subscribers: { ...text, default: '6' },
      seed: { ...text, default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const whole = (name: keyof Options, min: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= min) return value;
    throw new Error(`Expected --${name} to be a whole number from ${min}: met "${values[name]}"`);
  };
  return {
    kills: whole('kills', 0),
    messages: whole('messages', 1),
    publishers: whole('publishers', 1),
    subscribers: whole('subscribers', 1),
    seed: whole('seed', 0),
  };
}
