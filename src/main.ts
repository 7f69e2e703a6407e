import { runCli } from './cli/cli.ts';

// A reader that had enough (`sluice sub … | head -1`) closes the pipe: that ends the program, and is no failure.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  if (problem.code !== 'EPIPE') throw problem;
  process.exit(0);
});

// Not process.exit: what stands in the pipes of standard output and error is still to be written.
process.exitCode = await runCli(process.argv.slice(2));
