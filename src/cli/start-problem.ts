import { type Config, mainListener } from '../config.ts';
import { systemErrorBehind, systemReason } from '../std/system-reason.ts';

type Places = Pick<Config, 'data' | 'host'> & { readonly [K in 'mqtt' | 'http']: Pick<Config[K], 'port'> } & {
  readonly listeners: Readonly<Record<string, Pick<Config['listeners'][string], 'host' | 'port'>>>;
};

/** What to do where the system refused a port or the data folder; every other problem as it is. */
export function startProblem(problem: unknown, config: Places): unknown {
  const cause = systemErrorBehind(problem);
  const told = cause && (listenSentence(cause, config) ?? dataSentence(cause, config));
  return told === undefined ? problem : new Error(told, { cause: problem });
}

function listenSentence(cause: NodeJS.ErrnoException, places: Places): string | undefined {
  const { port, address, hostname } = cause as { port?: number; address?: string; hostname?: string };
  const reason = systemReason(cause);
  if (cause.syscall === 'getaddrinfo' || (cause.syscall === 'listen' && cause.code === 'EADDRNOTAVAIL')) {
    const host = hostname ?? address ?? places.host;
    return `Cannot listen on host "${host}": ${reason}; give another ${hostOption(host, places)}`;
  }
  if (cause.syscall !== 'listen' || port === undefined) return undefined;
  const options = portOptions(port, places);
  const advice = options.length > 1 ? `${options.join(' and ')} different ports` : `another ${options[0]}`;
  return `Cannot listen on port ${port} of ${address}: ${reason}; give ${advice}`;
}

function hostOption(host: string, { listeners }: Places): string {
  const named = Object.entries(listeners).find(([, listener]) => listener.host === host);
  return named === undefined ? '--host' : `listeners.${named[0]}.host`;
}

/** Everything that was to listen on the port. */
function portOptions(port: number, { mqtt, http, listeners }: Places): string[] {
  const options: readonly (readonly [string, number])[] = [
    ...(mainListener in listeners ? [] : [['--mqtt-port', mqtt.port] as const]),
    ['--http-port', http.port],
    ...Object.entries(listeners).map(([name, listener]) => [`listeners.${name}.port`, listener.port] as const),
  ];
  return options.filter(([, each]) => each === port).map(([option]) => option);
}

function dataSentence(cause: NodeJS.ErrnoException, { data }: Places): string | undefined {
  if (!cause.path?.startsWith(data)) return undefined;
  return `Cannot use the data folder "${data}": ${systemReason(cause)}; give another --data`;
}
