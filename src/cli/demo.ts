import { integer } from '../config/schema.ts';
import { command } from './command.ts';
import { switchable, valueOr } from './options.ts';

export const demo = command({
  name: 'demo',
  summary:
    'Shows the whole way of device messages, through a kill -9 and out of the dead letters, and keeps the account',
  options: {
    keep: switchable({ sentence: 'Leave the server running at the end, for a look around.' }),
    seed: valueOr(integer(0, 0xffff_ffff), 1, {
      placeholder: 'N',
      sentence: 'Where the generated readings start from.',
    }),
  },
  async run({ options, terminal }) {
    const { runDemo } = await import('./demo/story.ts');
    return runDemo(options, terminal);
  },
});
