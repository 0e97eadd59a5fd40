/** One JSON request to the API; every refusal becomes an ApiError with its stable code. */
import { ApiError, type SignInNeeds } from "./errors.ts";

export interface ApiRequest {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
}

interface ErrorBody {
  error?: { code?: string; message?: string; fields?: Record<string, unknown> } & Partial<SignInNeeds>;
}

function refusal(response: Response, body: ErrorBody): ApiError {
  const { code = "unavailable", message = `HTTP ${response.status}`, fields, acr_values = [], max_age = null } = body.error ?? {};
  const needs = code === "insufficient_user_authentication" ? { acr_values, max_age } : null;
  const seconds = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, code, message, fields, seconds > 0 ? seconds * 1000 : null, needs);
}

/** A status of 0 means that no answer came. */
export async function request<T>(path: string, { method = "GET", body, headers = {} }: ApiRequest = {}): Promise<T> {
  const init: RequestInit = { method, headers: { Accept: "application/json", ...headers }, cache: "no-store" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError(0, "unreachable", "The server could not be reached.");
  }
  const text = await response.text();
  const parsed = parse(text);
  if (!response.ok) throw refusal(response, (parsed ?? {}) as ErrorBody);
  return parsed as T;
}

function parse(text: string): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
