/** The two ways in which a question to the server fails: over HTTP and over the socket. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, unknown> = {},
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** `not_connected` and `connection_lost` are this side's own codes: nobody knows whether the server acted. */
export class CommandError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fields: Record<string, unknown> = {},
  ) {
    super(message);
  }
}
