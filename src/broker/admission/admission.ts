import type { BlockList } from 'node:net';
import type { Credentials } from '../../access/access.ts';
import { blockListOf, isListed, networkOf } from '../../access/network.ts';
import type { ErrorCode } from '../../errors.ts';
import type { ConnectPacket } from '../../mqtt/codec/packets.ts';
import type { Clock } from '../../std/clock.ts';
import type { Log } from '../../std/log.ts';
import { RateBucket } from '../../std/rate-bucket.ts';
import { RecentMap } from '../../std/recent-map.ts';
import type { BrokerCounters } from '../counters.ts';
import type { BanRules, BrokerLimits } from '../limits.ts';
import { type BanSubject, Bans, subjectKey } from './bans.ts';
import { Strikes } from './strikes.ts';

/** What a CONNECT meets before anything is looked up or hashed for it: bans, then rates. Knows who to ban. */
export class Admission {
  readonly bans: Bans;
  readonly #limits: BrokerLimits;
  readonly #rules: BanRules;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #strikes: Strikes;
  readonly #exempt: BlockList;
  readonly #connects: RateBucket;
  readonly #connectsByAddress: RecentMap<string, RateBucket>;

  constructor(limits: BrokerLimits, counters: BrokerCounters, clock: Clock, log: Log) {
    const { ban } = limits;
    this.bans = new Bans(ban.entriesMax, counters, clock, log);
    this.#limits = limits;
    this.#rules = ban;
    this.#counters = counters;
    this.#clock = clock;
    this.#strikes = new Strikes(ban.entriesMax, ban.windowSeconds * 1000, clock);
    this.#exempt = blockListOf(ban.exempt);
    this.#connects = new RateBucket(limits.connectRateMax, clock.now());
    this.#connectsByAddress = new RecentMap(ban.entriesMax);
  }

  isBanned(remoteAddress: string): boolean {
    return this.bans.find({ kind: 'address', address: networkOf(remoteAddress) }) !== undefined;
  }

  /** Why this CONNECT is refused, as a reason code of CONNACK and a sentence; undefined where it may go on. */
  refusal(remoteAddress: string, packet: ConnectPacket): readonly [reasonCode: number, reason: string] | undefined {
    const address = networkOf(remoteAddress);
    const ban =
      this.bans.find({ kind: 'address', address }) ??
      (packet.username === undefined ? undefined : this.bans.find({ kind: 'user', address, name: packet.username })) ??
      this.bans.find({ kind: 'client', address, name: packet.clientId });
    if (ban !== undefined) {
      this.#counters.connectBanned++;
      return [0x8a, `Banned until ${new Date(ban.until).toISOString()} because of ${ban.reason}`];
    }
    if (this.#isTooFast(address)) {
      this.#counters.connectRateExceeded++;
      return [0x9f, 'Connect again later: more clients connect than the server takes in a second'];
    }
    return undefined;
  }

  /**
   * A login that failed for the client's part. Trouble of the server's own is nobody's offence. Where CONNECT holds no user
   * name, as with SCRAM, the client id stands for it.
   */
  loginFailed({ remoteAddress, username, clientId }: Credentials, code: ErrorCode): void {
    if (!offences.has(code)) return;
    const { failedLoginsMax, failedLoginsPerAddressMax } = this.#rules;
    const reason = 'failed logins';
    const who: Omit<BanSubject, 'address'> =
      username === undefined ? { kind: 'client', name: clientId } : { kind: 'user', name: username };
    this.#strike(remoteAddress, who, failedLoginsMax, reason);
    this.#strike(remoteAddress, { kind: 'address' }, failedLoginsPerAddressMax, reason);
  }

  malformed(remoteAddress: string): void {
    this.#strike(remoteAddress, { kind: 'address' }, this.#rules.malformedMax, 'malformed packets');
  }

  /** A client that connected, and not by taking over: what another one can make it do is not its own flapping. */
  connected(remoteAddress: string, clientId: string): void {
    this.#strike(remoteAddress, { kind: 'client', name: clientId }, this.#rules.connectsPerClientMax, 'flapping');
  }

  stop(): void {
    this.bans.stop();
  }

  #strike(remoteAddress: string, who: Omit<BanSubject, 'address'>, max: number, reason: string): void {
    if (max === 0 || this.#isExempt(remoteAddress)) return;
    const subject = { ...who, address: networkOf(remoteAddress) };
    if (!this.#strikes.reach(`${reason}\0${subjectKey(subject)}`, max)) return;
    this.bans.add(subject, `${max} ${reason}`, this.#rules.seconds * 1000);
  }

  #isExempt(remoteAddress: string): boolean {
    // A socket that closed already has no address any more.
    return remoteAddress === '' || isListed(this.#exempt, remoteAddress);
  }

  #isTooFast(address: string): boolean {
    const { connectRateMax, connectRatePerAddressMax } = this.#limits;
    const now = this.#clock.now();
    if (connectRatePerAddressMax > 0 && !this.#bucketOf(address, now).take(now)) return true;
    return connectRateMax > 0 && !this.#connects.take(now);
  }

  #bucketOf(address: string, now: number): RateBucket {
    const known = this.#connectsByAddress.get(address);
    if (known !== undefined) return known;
    const bucket = new RateBucket(this.#limits.connectRatePerAddressMax, now);
    this.#connectsByAddress.set(address, bucket);
    return bucket;
  }
}

const offences = new Set<ErrorCode>(['unauthenticated', 'not_authorized', 'device_unknown', 'device_retired']);
