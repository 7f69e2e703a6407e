import type { Config } from '../config.ts';
import { systemErrorBehind, systemReason } from '../std/system-reason.ts';

type Places = Pick<Config, 'data' | 'host'> & { readonly [K in 'mqtt' | 'http']: Pick<Config[K], 'port'> };

/** What to do where the system refused a port or the data folder; every other problem as it is. */
export function startProblem(problem: unknown, config: Places): unknown {
  const cause = systemErrorBehind(problem);
  const told = cause && (listenSentence(cause, config) ?? dataSentence(cause, config));
  return told === undefined ? problem : new Error(told, { cause: problem });
}

function listenSentence(cause: NodeJS.ErrnoException, { host, mqtt, http }: Places): string | undefined {
  if (cause.syscall === 'getaddrinfo')
    return `Cannot listen on host "${host}": ${systemReason(cause)}; give another --host`;
  const { port, address } = cause as { port?: number; address?: string };
  if (cause.syscall !== 'listen' || port === undefined) return undefined;
  if (cause.code === 'EADDRNOTAVAIL')
    return `Cannot listen on host "${host}": ${systemReason(cause)}; give another --host`;
  const same = mqtt.port === http.port;
  const flag = same
    ? '--mqtt-port and --http-port different ports'
    : port === mqtt.port
      ? 'another --mqtt-port'
      : 'another --http-port';
  return `Cannot listen on port ${port} of ${address}: ${systemReason(cause)}; give ${flag}`;
}

function dataSentence(cause: NodeJS.ErrnoException, { data }: Places): string | undefined {
  if (!cause.path?.startsWith(data)) return undefined;
  return `Cannot use the data folder "${data}": ${systemReason(cause)}; give another --data`;
}
