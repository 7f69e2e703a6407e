/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 *
 * How dates and numbers look for people is left to each engine. The examples that makers publish show what the engine of The
 * Things Stack makes of them: `08/02/2020, 15:00:00`, numbers as they are, and `(UTC)` for the zone. So it is here, unless a
 * script says for whom or how it wants them.
 */
export function installDates(): void {
  type Given = readonly unknown[];
  const call = Reflect.apply;
  const { replace } = String.prototype;
  const { isNaN: isNoNumber } = Number;
  const { getFullYear, getMonth, getDate, getHours, getMinutes, getSeconds, getTime } = Date.prototype;
  const dates = { text: Date.prototype.toString, clock: Date.prototype.toTimeString };
  const localDates = {
    both: Date.prototype.toLocaleString,
    day: Date.prototype.toLocaleDateString,
    time: Date.prototype.toLocaleTimeString,
  };
  const numbers = { text: Number.prototype.toString, local: Number.prototype.toLocaleString };

  function isAsked([locale, options]: Given): boolean {
    return locale !== undefined || options !== undefined;
  }

  /** Where there is no date, the engine knows what to write. */
  function isPlain(date: Date, given: Given): boolean {
    return !isNoNumber(call(getTime, date, [])) && !isAsked(given);
  }

  function withShortZone(text: string): string {
    return call(replace, text, ['(Coordinated Universal Time)', '(UTC)']);
  }

  function two(number: number): string {
    return number < 10 ? `0${number}` : `${number}`;
  }

  function dayOf(date: Date): string {
    return `${two(call(getMonth, date, []) + 1)}/${two(call(getDate, date, []))}/${call(getFullYear, date, [])}`;
  }

  function timeOf(date: Date): string {
    return `${two(call(getHours, date, []))}:${two(call(getMinutes, date, []))}:${two(call(getSeconds, date, []))}`;
  }

  const ofDates = {
    toString(this: Date): string {
      return withShortZone(call(dates.text, this, []));
    },
    toTimeString(this: Date): string {
      return withShortZone(call(dates.clock, this, []));
    },
    toLocaleString(this: Date, ...given: Given): string {
      return isPlain(this, given) ? `${dayOf(this)}, ${timeOf(this)}` : call(localDates.both, this, given);
    },
    toLocaleDateString(this: Date, ...given: Given): string {
      return isPlain(this, given) ? dayOf(this) : call(localDates.day, this, given);
    },
    toLocaleTimeString(this: Date, ...given: Given): string {
      return isPlain(this, given) ? timeOf(this) : call(localDates.time, this, given);
    },
  };
  const ofNumbers = {
    toLocaleString(this: number, ...given: Given): string {
      return isAsked(given) ? call(numbers.local, this, given) : call(numbers.text, this, []);
    },
  };
  for (const [name, value] of Object.entries(ofDates)) Object.defineProperty(Date.prototype, name, { value });
  for (const [name, value] of Object.entries(ofNumbers)) Object.defineProperty(Number.prototype, name, { value });
}
