/** Why the listener itself ended a connection. */
export type RefusalReason = keyof ListenerCounters['refused'];

/** Counts of one listener, read when the metrics are asked for. */
export class ListenerCounters {
  connections = 0;
  connectionsTotal = 0;
  readonly refused = {
    connections_max: 0,
    banned: 0,
    accept_rate: 0,
    proxy_untrusted: 0,
    proxy_header: 0,
    tls_handshake: 0,
    web_socket_upgrade: 0,
    handshake_timeout: 0,
    web_socket_frame: 0,
  };
}
