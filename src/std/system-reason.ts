/** What the system's error codes mean for someone who named a file, a folder or a port. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it',
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ENOTFOUND: 'no address is known for that name',
  EPERM: 'this user may not use it',
  EROFS: 'it can only be read from',
};

/** The error of the system that is behind `problem`, which others may have wrapped. */
export function systemErrorBehind(problem: unknown): NodeJS.ErrnoException | undefined {
  for (let at = problem; at instanceof Error; at = behind(at)) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && code in reasons) return at;
  }
  return undefined;
}

/** Why it failed, as the end of a sentence. */
export function systemReason(problem: NodeJS.ErrnoException): string {
  return reasons[problem.code ?? ''] ?? problem.message;
}

function behind(problem: Error): unknown {
  return problem instanceof AggregateError ? problem.errors[0] : problem.cause;
}
