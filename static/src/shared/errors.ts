/** The two ways in which a question to the server fails: over HTTP and over the socket. */

/** What a sign-in lacks for what was asked, as RFC 9470 names it. */
export interface SignInNeeds {
  readonly acr_values: readonly string[];
  readonly max_age: number | null;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterMs: number | null = null,
    readonly needs: SignInNeeds | null = null,
    /** What is wrong with what was sent, by its name. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** `not_connected` and `connection_lost` are this side's own codes: nobody knows whether the server acted. */
export class CommandError extends Error {
  constructor(
    readonly code: string,
    message = code,
    readonly fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}
