import assert from 'node:assert/strict';
import { bytesOf } from './notation.ts';
import { Peer } from './peer.ts';

export interface Vector {
  readonly name: string;
  /** Statements that it shows, of one version where the other has another of that number; sections where there is none. */
  readonly clauses: readonly string[];
  readonly versions: readonly (4 | 5)[];
  /** `[PEER] VERB ARGUMENT`; the peer is `a` where none is named. */
  readonly steps: readonly string[];
}

type Verb = (run: VectorRun, peer: string, argument: string) => Promise<void> | void;

const verbs: Readonly<Record<string, Verb>> = {
  /** Opens a connection and says nothing. */
  open: (run, peer) => run.open(peer),
  /** Opens a connection and has CONNECT accepted, with a clean start and the peer's name as client id. */
  connect: (run, peer) => run.connect(peer),
  send: (run, peer, argument) => run.of(peer).send(run.bytes(argument)),
  expect: async (run, peer, argument) =>
    assert.equal((await run.of(peer).packet()).toString('hex'), run.bytes(argument).toString('hex')),
  /** A packet with this first byte. */
  packet: async (run, peer, argument) => assert.equal((await run.of(peer).packet())[0], run.bytes(argument)[0]),
  /** CONNACK with these flags and this code; on MQTT 5 with properties of the server's choice. */
  connack: (run, peer, argument) => run.connack(peer, argument),
  /** The server ends the connection: on MQTT 5 with DISCONNECT and this reason code, on 3.1.1 without a word. */
  refused: (run, peer, argument) => run.refused(peer, argument),
  /** The server ends the connection without a word. */
  closed: (run, peer) => run.of(peer).closed(),
  /** Nothing has come and the connection is there. */
  quiet: (run, peer) => run.quiet(peer),
  /** The network is gone. */
  drop: (run, peer) => run.of(peer).drop(),
};

/** One vector, for one version, against a server. */
export class VectorRun {
  readonly #port: number;
  readonly #version: 4 | 5;
  readonly #peers = new Map<string, Peer>();

  constructor(port: number, version: 4 | 5) {
    this.#port = port;
    this.#version = version;
  }

  async run(vector: Vector): Promise<void> {
    try {
      for (const step of vector.steps) await this.#step(step);
    } finally {
      for (const peer of this.#peers.values()) peer.drop();
    }
  }

  async #step(step: string): Promise<void> {
    const [, peer = 'a', name, argument] = /^(?:([a-z]) )?(\w+)(?: (.*))?$/.exec(step) ?? [];
    const verb = verbs[name];
    if (verb === undefined) throw new Error(`Cannot run step "${step}": its verb is none of ${Object.keys(verbs)}`);
    try {
      await verb(this, peer, argument ?? '');
    } catch (problem) {
      throw new Error(`Step "${step}": ${(problem as Error).message}`, { cause: problem });
    }
  }

  bytes(text: string): Buffer {
    return bytesOf(text, this.#version);
  }

  of(name: string): Peer {
    const peer = this.#peers.get(name);
    if (peer === undefined) throw new Error(`there is no peer "${name}" yet`);
    return peer;
  }

  open(name: string): void {
    this.#peers.get(name)?.drop();
    this.#peers.set(name, new Peer(this.#port));
  }

  async connect(name: string): Promise<void> {
    this.open(name);
    this.of(name).send(this.bytes(`10['MQTT' 0${this.#version} 02 0000 ~ '${name}']`));
    await this.connack(name, '00 00');
  }

  async connack(name: string, argument: string): Promise<void> {
    const packet = await this.of(name).packet();
    const headBytes = packet[1] < 0x80 ? 2 : 3;
    assert.equal(packet[0], 0x20);
    assert.equal(packet.subarray(headBytes, headBytes + 2).toString('hex'), this.bytes(argument).toString('hex'));
    if (this.#version === 4) assert.equal(packet.length, 4);
    else assert.equal(packet[headBytes + 2], packet.length - headBytes - 3);
  }

  async refused(name: string, argument: string): Promise<void> {
    const peer = this.of(name);
    if (this.#version === 5)
      assert.equal((await peer.packet()).toString('hex'), this.bytes(`e0[${argument}]`).toString('hex'));
    await peer.closed();
  }

  async quiet(name: string): Promise<void> {
    const peer = this.of(name);
    peer.send(Buffer.from([0xc0, 0x00]));
    assert.equal((await peer.packet()).toString('hex'), 'd000');
  }
}
