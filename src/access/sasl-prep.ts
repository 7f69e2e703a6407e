/** Maps to a space, and to nothing: RFC 3454, tables C.1.2 and B.1. */
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
const nothings = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200c\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

/**
 * The one spelling of a name or password that can be typed in several, after RFC 4013. What that prohibits stays as it is:
 * two such texts are the same where their bytes are.
 */
export function saslPrep(text: string): string {
  return text.replace(otherSpaces, ' ').replace(nothings, '').normalize('NFKC');
}
