/** The server cannot be reached, or lets this client not in. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';
}

/** The server did not take a message. */
export class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
  /** Whether the same message can be taken later. */
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean) {
    super(message);
    this.retryable = retryable;
  }
}

/** A queue that is not there, or may not be read, or not any more. */
export class QueueRefused extends Error {
  override readonly name = 'QueueRefused';
}
