import { test } from 'node:test';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { runRandomClients } from './testing/model/random-clients.ts';

const steps = 150;

test('clients that do anything in any order get exactly what a reference broker says', async () => {
  await forSeedsInTurn(300, (random) => runRandomClients(random, steps));
});
