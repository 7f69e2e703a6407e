import type { IssuedCertificate } from '../../src/std/testing/certificates.ts';
import type { Server } from '../server.ts';
import { type Ended, Program } from './program.ts';

/** curl, and devices by curl and mosquitto_pub, that trust the server whose certificate an authority signed. */
export function callersTrusting(caFile: string) {
  function curl(server: Server, path: string, ...more: readonly string[]): Promise<Ended> {
    const status = ['--write-out', '\n%{http_code}'];
    const args = ['--silent', '--show-error', '--cacert', caFile, ...status, ...more];
    return new Program('/usr/bin/curl', [...args, `https://localhost:${server.httpPort}${path}`]).ended;
  }

  function send(server: Server, shown: readonly string[]): Promise<Ended> {
    return curl(server, '/v1/devices/me/telemetry', ...shown, '--json', '{"celsius":21.5}');
  }

  function publish(server: Server, shown: readonly string[]): Promise<Ended> {
    const where = ['-h', 'localhost', '-p', String(server.listeners.tls), '--cafile', caFile, '-V', '5'];
    const what = ['-q', '1', '-t', 'devices/me/telemetry', '-m', '{"celsius":22}'];
    return new Program('/usr/bin/mosquitto_pub', [...where, ...shown, ...what]).ended;
  }

  return { curl, send, publish };
}

/** The options of both programs. */
export function showing({ certFile, keyFile }: IssuedCertificate): readonly string[] {
  return ['--cert', certFile, '--key', keyFile];
}
