import { SluiceError } from '../errors.ts';

/** The text of a body that is read while it comes. Rejects with `payload_unreadable` where it is not UTF-8. */
export async function* streamedText(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of body) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem;
    throw new SluiceError('payload_unreadable', 'Send text in UTF-8: this body is none', { cause: problem });
  }
}

/** Lines of a body that is read while it comes, without their breaks. Rejects with `payload_too_large` for a longer one. */
export async function* streamedLines(
  body: AsyncIterable<Buffer>,
  charactersMax: number,
): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  let rest = '';
  let line = 0;
  for await (const text of streamedText(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) yield { line: ++line, text: bounded(each, charactersMax, line) };
    bounded(rest, charactersMax, line + 1);
  }
  if (rest !== '') yield { line: ++line, text: rest };
}

function bounded(text: string, charactersMax: number, line: number): string {
  if (text.length <= charactersMax) return text.endsWith('\r') ? text.slice(0, -1) : text;
  throw new SluiceError(
    'payload_too_large',
    `Send lines of at most ${charactersMax} characters: line ${line} has more`,
  );
}
