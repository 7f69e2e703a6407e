import { type Config, mainListener } from '../config.ts';
import type { ListenerOptions } from '../net/listener.ts';

type Entry = Config['listeners'][string];

/** Every listener of the configuration, the plain one of `mqtt.port` first unless `listeners` has its name. */
export function listenerOptions(config: Config): ListenerOptions[] {
  const options = Object.entries(config.listeners).map(([name, entry]) => optionsOf(name, entry, config));
  return mainListener in config.listeners ? options : [plainOptions(config), ...options];
}

function plainOptions({ host, mqtt }: Config): ListenerOptions {
  return {
    name: mainListener,
    host,
    port: mqtt.port,
    connectionsMax: mqtt.connectionsMax,
    handshakeTimeoutMs: mqtt.connectTimeoutMs,
    profile: { access: { listener: mainListener } },
  };
}

function optionsOf(name: string, entry: Entry, config: Config): ListenerOptions {
  const { type, host, port, handshakeTimeoutMs, connectionsMax, acceptRateMax } = entry;
  const { proxyProtocol, proxyTrusted, tls, anonymous, certificateIdentity, packetBytesMax, redirect } = entry;
  return {
    name,
    host: host ?? config.host,
    port,
    connectionsMax: connectionsMax ?? config.mqtt.connectionsMax,
    acceptRateMax,
    handshakeTimeoutMs,
    ...(proxyProtocol === 'required' ? { proxy: { trusted: proxyTrusted } } : {}),
    ...(tls === undefined ? {} : { tls }),
    ...(type === 'ws' || type === 'wss' ? { webSocket: { path: entry.path ?? '/mqtt', origins: entry.origins } } : {}),
    profile: { access: { listener: name, anonymous, certificateIdentity }, packetBytesMax, redirect },
  };
}
