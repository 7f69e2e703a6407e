/** One row of a file of comma-separated values (RFC 4180). */
export interface CsvRecord {
  /** Of its first character in the file, from 1: a quoted field may hold line breaks. */
  readonly line: number;
  readonly fields: readonly string[];
  /** What is wrong with it, where it cannot be trusted to mean what it says. */
  readonly problem: string | undefined;
}

/** Where in a field the reader stands: at its first character, in it, inside its quotes, behind a quote inside them. */
type Place = 'start' | 'plain' | 'quoted' | 'quote';

/** Reads records from text that comes in pieces. Lines end with CR LF or LF; blank lines are none. */
export class CsvReader {
  readonly #charactersMax: number;
  #place: Place = 'start';
  #field = '';
  #fields: string[] = [];
  #characters = 0;
  #line = 1;
  #firstLine = 1;
  #problem: string | undefined;
  #records: CsvRecord[] = [];

  /** A record longer than `charactersMax` ends the reading: an open quote must not swallow the file. */
  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** The records that ended in this piece. Throws `CsvRecordTooLong`. */
  push(text: string): readonly CsvRecord[] {
    for (const character of text) this.#take(character);
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** The record that no line break ended. */
  end(): readonly CsvRecord[] {
    if (this.#place === 'quoted') this.#problem ??= 'a quote is never closed';
    this.#endRecord();
    return this.push('');
  }

  #take(character: string): void {
    if (character === '\n') this.#line++;
    if (++this.#characters > this.#charactersMax) throw new CsvRecordTooLong(this.#charactersMax, this.#firstLine);
    if (this.#place === 'quoted') {
      if (character === '"') this.#place = 'quote';
      else this.#field += character;
    } else if (character === ',') this.#endField();
    else if (character === '\n') this.#endRecord();
    else if (character === '"') this.#quote();
    else if (character !== '\r') this.#plain(character);
  }

  #quote(): void {
    if (this.#place === 'plain') {
      this.#problem ??= 'a quote stands inside a field without quotes';
      this.#field += '"';
      return;
    }
    if (this.#place === 'quote') this.#field += '"';
    this.#place = 'quoted';
  }

  #plain(character: string): void {
    if (this.#place === 'quote') this.#problem ??= 'something stands behind a closing quote';
    this.#place = 'plain';
    this.#field += character;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#place = 'start';
  }

  #endRecord(): void {
    const isBlank = this.#fields.length === 0 && this.#field === '' && this.#place === 'start';
    this.#endField();
    if (!isBlank) this.#records.push({ line: this.#firstLine, fields: this.#fields, problem: this.#problem });
    this.#fields = [];
    this.#problem = undefined;
    this.#characters = 0;
    this.#firstLine = this.#line;
  }
}

/** A record is longer than it may be. */
export class CsvRecordTooLong extends Error {
  override readonly name = 'CsvRecordTooLong';

  constructor(charactersMax: number, line: number) {
    super(
      `Send rows of at most ${charactersMax} characters: the one in line ${line} has more, or a quote in it is never closed`,
    );
  }
}

/** One line of a file, with its line break. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(quoted).join(',')}\r\n`;
}

/** Also where the first or last character is a space, which some readers strip. */
function quoted(field: string): string {
  return /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
