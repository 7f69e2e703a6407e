/** Which connections have brought a request before: who made one for a single request never comes back under its name. */
export class Returning {
  readonly #seen = new WeakSet<object>();

  /** Of the connection of the request that is here. */
  note(connection: object): boolean {
    const isKnown = this.#seen.has(connection);
    if (!isKnown) this.#seen.add(connection);
    return isKnown;
  }
}
