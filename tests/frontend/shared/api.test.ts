import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { request, serverNow } from "../../../static/src/shared/api.ts";
import { ApiError } from "../../../static/src/shared/errors.ts";

const NOW = Date.parse("2026-01-01T14:00:00.000Z");
let answer: Response;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  vi.stubGlobal("fetch", () => Promise.resolve(answer));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a refusal", () => {
  it("says what is wrong with what was sent, by its name", async () => {
    answer = Response.json({ error: { code: "number_not_allowed", message: "No.", fields: { phone: "premium" } } }, { status: 409 });
    const error = await request("/").catch((one: unknown) => one as ApiError);
    expect(error).toMatchObject({ status: 409, code: "number_not_allowed", fields: { phone: "premium" }, needs: null });
  });

  it("need not say it", async () => {
    answer = new Response("", { status: 502 });
    expect(await request("/").catch((one: unknown) => one as ApiError)).toMatchObject({ code: "unavailable", fields: {} });
  });
});

describe("the server's clock", () => {
  it("is believed over a device that is wrong, and goes on between answers", async () => {
    answer = Response.json({}, { headers: { Date: "Thu, 01 Jan 2026 13:45:00 GMT" } });
    await request("/");
    expect(serverNow()).toBe(Date.parse("2026-01-01T13:45:00Z"));
    vi.setSystemTime(NOW + 60_000);
    expect(serverNow()).toBe(Date.parse("2026-01-01T13:46:00Z"));
  });

  it("stays as it was told when an answer does not tell it", async () => {
    answer = Response.json({}, { headers: { Date: "Thu, 01 Jan 2026 13:45:00 GMT" } });
    await request("/");
    answer = Response.json({});
    await request("/");
    expect(serverNow()).toBe(Date.parse("2026-01-01T13:45:00Z"));
  });
});
