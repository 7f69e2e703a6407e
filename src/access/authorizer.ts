import type { ChildDevice } from '../message.ts';
import type { AccessRule, EverybodyRule, Identity } from './access.ts';
import { deviceFilter, deviceOf, isDeviceId } from './device-topics.ts';
import { Policy } from './policy.ts';
import type { RuleValues } from './rule-template.ts';
import type { Brought } from './source.ts';

/** Who may do what, by the rules for everybody and then each one's own. */
export class Authorizer {
  readonly #everybody: readonly EverybodyRule[];
  /** By the identity object of a connection, so that a policy lives as long as its connection. */
  readonly #policies = new WeakMap<Identity, { readonly clientId: string; readonly policy: Policy }>();

  constructor(everybody: readonly EverybodyRule[]) {
    this.#everybody = everybody;
  }

  mayPublish(identity: Identity, clientId: string, topic: string, child?: ChildDevice): boolean {
    if (this.isUnlimited(identity)) return true;
    if (child === undefined || identity.kind !== 'device') return this.#policy(identity, clientId).mayPublish(topic);
    const gatewayOf = new Map([[child.id, child.deviceType]]);
    return this.#policyOf({ ...identity, gatewayOf }, clientId).mayPublish(topic);
  }

  maySubscribe(identity: Identity, clientId: string, filter: string): boolean {
    return this.isUnlimited(identity) || this.#policy(identity, clientId).maySubscribe(filter);
  }

  /** Whether no rule is asked. Who comes without credentials may do everything until there are rules for everybody. */
  isUnlimited(identity: Identity): boolean {
    if (identity.kind === 'anonymous') return this.#everybody.length === 0;
    return identity.kind === 'user' && identity.admin;
  }

  /** What of an identity's own rules allows the topic: all that is kept of them once its login is gone. */
  broughtFor(identity: Identity, clientId: string, topic: string): Brought {
    if (this.isUnlimited(identity)) return 'everything';
    const own = new Policy([ownRules(identity)], valuesOf(identity, clientId));
    if (!own.mayPublish(topic)) return [];
    // '#' matches no topic that begins with '$' [MQTT-4.7.2-1].
    return [topic.startsWith('$') ? topic : '#'];
  }

  #policy(identity: Identity, clientId: string): Policy {
    const known = this.#policies.get(identity);
    if (known?.clientId === clientId) return known.policy;
    const policy = this.#policyOf(identity, clientId);
    this.#policies.set(identity, { clientId, policy });
    return policy;
  }

  #policyOf(identity: Identity, clientId: string): Policy {
    return new Policy([this.#everybody, ownRules(identity)], valuesOf(identity, clientId), {
      concerns: (rule) => concerns(rule, identity, clientId),
      otherwise: (filter) => childOf(identity, filter) !== undefined,
      speaksFor: (filter) => valuesOfChild(identity, clientId, filter),
    });
  }
}

function concerns({ users, clientIds, kinds }: EverybodyRule, identity: Identity, clientId: string): boolean {
  if (users !== undefined && !(identity.kind === 'user' && users.includes(identity.name))) return false;
  if (clientIds !== undefined && !clientIds.includes(clientId)) return false;
  return kinds === undefined || kinds.includes(identity.kind);
}

function ownRules(identity: Identity): readonly AccessRule[] {
  if (identity.kind === 'user') return identity.rules;
  if (identity.kind !== 'device' || !isDeviceId(identity.name)) return [];
  return [{ action: 'all', filter: deviceFilter(identity.name) }];
}

function valuesOf(identity: Identity, clientId: string): RuleValues {
  const device = identity.kind === 'device' ? identity : undefined;
  return {
    clientId,
    username: identity.kind === 'anonymous' ? undefined : identity.name,
    deviceId: device?.name,
    deviceType: device?.deviceType,
    attributes: device?.attributes,
  };
}

/** The device behind a gateway that a topic is of: the gateway may do there what the device may do by itself. */
function childOf(identity: Identity, filter: string): string | undefined {
  if (identity.kind !== 'device' || identity.gatewayOf === undefined) return undefined;
  const child = deviceOf(filter);
  return child !== undefined && identity.gatewayOf.has(child) ? child : undefined;
}

/** What a rule means for that device, so that one which denies it something denies it to its gateway. */
function valuesOfChild(identity: Identity, clientId: string, filter: string): RuleValues | undefined {
  const id = childOf(identity, filter);
  if (id === undefined || identity.kind !== 'device') return undefined;
  const deviceType = identity.gatewayOf?.get(id);
  // Those of all devices of a gateway would be too much to keep for its connection.
  return { clientId, username: id, deviceId: id, deviceType, attributes: 'unknown' };
}
