import type { NumberMetric } from './metric-row.ts';
import type { ListenerNumbers } from './platform-metrics.ts';

/** What each listener for MQTT counts, by its name. */
export const listenerTable: readonly NumberMetric[] = [
  ofListeners('sluice_listener_connections', 'gauge', 'Open connections', ({ connections }) => connections),
  ofListeners(
    'sluice_listener_connections_accepted_total',
    'counter',
    'Connections accepted, those counted as refused too',
    ({ connectionsTotal }) => connectionsTotal,
  ),
  {
    name: 'sluice_listener_connections_refused_total',
    type: 'counter',
    help: 'Connections that the listener ended itself, before or beside MQTT, by reason',
    labels: ['listener', 'reason'],
    read: ({ platform }) =>
      Object.entries(platform.listeners).flatMap(([listener, { refused }]) =>
        Object.entries(refused).map(([reason, value]) => ({ labels: { listener, reason }, value })),
      ),
  },
];

function ofListeners(
  name: string,
  type: NumberMetric['type'],
  help: string,
  value: (numbers: ListenerNumbers) => number,
): NumberMetric {
  const read: NumberMetric['read'] = ({ platform }) =>
    Object.entries(platform.listeners).map(([listener, numbers]) => ({ labels: { listener }, value: value(numbers) }));
  return { name, type, help, labels: ['listener'], read };
}
