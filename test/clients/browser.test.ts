import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startConfigured } from '../server.ts';
import { missing, Program } from './program.ts';

const chromium = '/usr/bin/chromium';
const skip = missing(chromium, 'chromium');
const files: Readonly<Record<string, readonly [type: string, file: URL]>> = {
  '/': ['text/html', new URL('./page.html', import.meta.url)],
  '/mqtt.min.js': ['text/javascript', new URL('../../node_modules/mqtt/dist/mqtt.min.js', import.meta.url)],
};

interface Report {
  readonly error?: string;
  readonly received?: readonly { topic: string; qos: number; length: number; text: string }[];
}

/** The site of the page: serves it, and is told what came of it. */
async function startSite(t: TestContext): Promise<{ port: number; nextReport(): Promise<Report> }> {
  const reports = new EventEmitter();
  const site = createServer((request, response) => {
    if (request.url === '/report') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.end();
        reports.emit('report', JSON.parse(Buffer.concat(chunks).toString()));
      });
      return;
    }
    const file = files[(request.url ?? '').split('?')[0]];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file[0] }).end(readFileSync(file[1]));
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.after(() => {
    site.closeAllConnections();
    site.close();
  });
  const nextReport = async (): Promise<Report> => (await once(reports, 'report'))[0];
  return { port: (site.address() as AddressInfo).port, nextReport };
}

/** Opens the page in a browser of its own, which has never been anywhere. */
function browse(t: TestContext, url: string): void {
  const profile = mkdtempSync(join(tmpdir(), 'sluice-browser-'));
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  const alone = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`];
  const browser = new Program(chromium, [...alone, ...quiet, url]);
  t.after(async () => {
    browser.kill();
    await browser.ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
}

test('a page in Chromium subscribes and publishes over WebSocket with MQTT.js', { skip }, async (t) => {
  const server = await startConfigured(t, { listeners: { ws: { type: 'ws', port: 0 } } });
  const site = await startSite(t);
  const url = `ws://localhost:${server.listeners.ws}/mqtt`;
  const report = site.nextReport();
  browse(t, `http://localhost:${site.port}/?url=${encodeURIComponent(url)}`);
  const { error, received = [] } = await report;
  assert.equal(error, undefined);
  const sorted = [...received].sort((one, other) => one.topic.localeCompare(other.topic));
  assert.deepEqual(sorted, [
    { topic: 'page/0', qos: 0, length: 9, text: 'payload 0' },
    { topic: 'page/1', qos: 1, length: 9, text: 'payload 1' },
    { topic: 'page/2', qos: 2, length: 9, text: 'payload 2' },
    { topic: 'page/large', qos: 1, length: 300_000, text: '' },
  ]);
});

test('a page of another origin is refused, unless the listener names it', { skip }, async (t) => {
  const site = await startSite(t);
  const origin = `http://127.0.0.1:${site.port}`;
  const named = { type: 'ws', port: 0, origins: [origin] };
  const server = await startConfigured(t, { listeners: { ws: { type: 'ws', port: 0 }, named } });
  const visit = (port: number): Promise<Report> => {
    const report = site.nextReport();
    browse(t, `${origin}/?url=${encodeURIComponent(`ws://localhost:${port}/mqtt`)}`);
    return report;
  };
  assert.notEqual((await visit(server.listeners.ws)).error, undefined);
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  assert.match(metrics, /sluice_listener_connections_refused_total\{listener="ws",reason="web_socket_upgrade"\} [1-9]/);
  const { error, received } = await visit(server.listeners.named);
  assert.equal(error, undefined);
  assert.equal(received?.length, 4);
});
