export interface HotLimits {
  /** Bytes of message records in memory over all queues, leased ones among them. */
  readonly bytesMax: number;
  readonly messagesMax: number;
  /** What a queue may have in memory though others have filled the window. */
  readonly queueBytesMin: number;
  readonly queueMessagesMin: number;
}

/** What waits is read from disk as fast as four consumers take it, so memory needs to hold what moves, not what waits (decision 0069). */
export const hotLimits: HotLimits = {
  bytesMax: 16 * 1024 * 1024,
  messagesMax: 32_768,
  queueBytesMin: 256 * 1024,
  queueMessagesMin: 64,
};

/**
 * How much of all queues is in memory. A message that finds no room waits on disk alone. Messages that are handed to a
 * consumer as they arrive take room without asking: the consumers' credit bounds them.
 */
export class HotWindow {
  readonly limits: HotLimits;
  bytes = 0;
  messages = 0;

  constructor(limits: HotLimits = hotLimits) {
    this.limits = limits;
  }

  get hasRoom(): boolean {
    return this.bytes < this.limits.bytesMax && this.messages < this.limits.messagesMax;
  }
}

/** One queue's part of the window. */
export class HotShare {
  readonly #window: HotWindow;
  bytes = 0;
  messages = 0;

  constructor(window: HotWindow) {
    this.#window = window;
  }

  get hasRoom(): boolean {
    const { queueBytesMin, queueMessagesMin } = this.#window.limits;
    return this.#window.hasRoom || (this.bytes < queueBytesMin && this.messages < queueMessagesMin);
  }

  /** Messages to read ahead at once: what the window has room for, but at least the queue's minimum. */
  get messagesToRead(): number {
    const { messagesMax, queueMessagesMin } = this.#window.limits;
    return Math.max(messagesMax - this.#window.messages, queueMessagesMin);
  }

  get bytesToRead(): number {
    const { bytesMax, queueBytesMin } = this.#window.limits;
    return Math.max(bytesMax - this.#window.bytes, queueBytesMin);
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.messages++;
    this.#window.bytes += bytes;
    this.#window.messages++;
  }

  remove(bytes: number): void {
    this.bytes -= bytes;
    this.messages--;
    this.#window.bytes -= bytes;
    this.#window.messages--;
  }

  /** Gives the whole share back. */
  clear(): void {
    this.#window.bytes -= this.bytes;
    this.#window.messages -= this.messages;
    this.bytes = 0;
    this.messages = 0;
  }
}
