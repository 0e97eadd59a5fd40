/** One JSON request to the API; every refusal becomes an ApiError with its stable code. */
import { ApiError, type SignInNeeds } from "./errors.ts";
import { parseJson } from "./storage.ts";

export interface ApiRequest {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
}

interface ErrorBody {
  error?: { code?: string; message?: string; fields?: Record<string, string> } & Partial<SignInNeeds>;
}

function refusal(response: Response, body: ErrorBody): ApiError {
  const { code = "unavailable", message = `HTTP ${response.status}`, acr_values = [], max_age = null, fields } = body.error ?? {};
  const needs = code === "insufficient_user_authentication" ? { acr_values, max_age } : null;
  const seconds = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, code, message, seconds > 0 ? seconds * 1000 : null, needs, fields);
}

let ahead = 0;

/** By the server's clock, as its last answer told it: what it gave a time to must not end early on a device that is wrong. */
export const serverNow = (): number => Date.now() + ahead;

/** A status of 0 means that no answer came. */
export async function request<T>(path: string, { method = "GET", body, headers = {} }: ApiRequest = {}): Promise<T> {
  const json = "application/json";
  const said = body !== undefined && { body: JSON.stringify(body) };
  const init = { method, ...said, headers: { Accept: json, ...(said && { "Content-Type": json }), ...headers }, cache: "no-store" } as const;
  const response = await fetch(path, init).catch(() => {
    throw new ApiError(0, "unreachable", "The server could not be reached.");
  });
  // A date has 29 characters; where a server in between says it once more, the first one will do.
  const told = Date.parse((response.headers.get("Date") ?? "").slice(0, 29));
  if (told) ahead = told - Date.now();
  const parsed = parseJson(await response.text());
  if (!response.ok) throw refusal(response, parsed ?? {});
  return parsed as T;
}
