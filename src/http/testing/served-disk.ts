import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EmbeddedEngine } from '../../queues/embedded/engine.ts';
import { silentLog } from '../../std/log.ts';
import { Environment } from '../../storage/environment.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import { type ServedOptions, serve } from './served.ts';

/** The API over queues that are really on disk. */
export async function serveDisk(t: TestContext, options: ServedOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-http-'));
  const environment = new Environment(folder);
  const commit = new GroupCommit({ environment, onFailure: (problem) => assert.fail(problem) });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog, clock: options.clock });
  await engine.start();
  const served = await serve(t, { ...options, realEngine: engine });
  t.after(async () => {
    await served.server.stop();
    await engine.stop();
    await environment.close();
    rmSync(folder, { recursive: true });
  });
  await engine.declare('jobs', { maxDeliveries: 1, backoff: { kind: 'none' } });
  return { ...served, engine };
}
