import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { startServer } from '../server.ts';
import { type Vector, VectorRun } from './vector-run.ts';

const started = startServer({ after });

/** Byte for byte, over TCP, against one server: what it answers, and that nothing else comes. */
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.vectors.json'))) {
  const vectors: Vector[] = JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
  test(`a server answers as ${file} says`, async (t) => {
    const server = await started;
    for (const vector of vectors) {
      for (const version of vector.versions) {
        const title = `${version === 4 ? '3.1.1' : '5'}: ${vector.name} [${vector.clauses.join(', ')}]`;
        await t.test(title, () => new VectorRun(server.mqttPort, version).run(vector));
      }
    }
  });
}
