import type { MessageAnswer } from './answers.ts';
import { withoutControls } from './table.ts';

const payloadCharactersShown = 60;

export function shortenedPayload({ payload, encoding }: Pick<MessageAnswer, 'payload' | 'encoding'>): string {
  const shown = encoding === 'base64' ? Buffer.from(payload, 'base64').toString('hex') : withoutControls(payload);
  return shown.length > payloadCharactersShown ? `${shown.slice(0, payloadCharactersShown)}…` : shown;
}
