// @vitest-environment happy-dom
/** A device whose clock is a day wrong: everything that is timed goes by the server's, as its answers tell it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { request, serverNow } from "../../../static/src/shared/api.ts";
import { askedOf } from "../../../static/src/widget/verification.ts";
import { assuranceWords } from "../../../static/src/widget/sign_in.ts";
import { ended } from "../../../static/src/widget/state.ts";
import { channelWords, isLeft, opensWords } from "../../../static/src/widget/words.ts";
import { fresh, handoff, play, session } from "./cast.ts";
import { code, NOW, offer, Stage } from "./stage.tsx";

const DAY = 86_400_000;
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const stage = new Stage();

describe.each([["ahead", DAY], ["behind", -DAY]])("a day %s", (_, wrong) => {
  beforeEach(async () => {
    vi.setSystemTime(NOW + wrong);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}", { headers: { Date: new Date(NOW).toUTCString() } })));
    await request("/api/v1/availability");
  });
  afterEach(async () => {
    vi.setSystemTime(NOW);
    await request("/api/v1/availability");
    vi.unstubAllGlobals();
  });

  it("knows what time it is", () => expect(serverNow()).toBe(NOW));

  it("knows it from a date that is said twice", async () => {
    const date = new Date(NOW + 60_000).toUTCString();
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}", { headers: { Date: `${date}, ${date}` } })));
    await request("/api/v1/availability");
    expect(serverNow()).toBe(NOW + 60_000);
  });

  it("tells when it opens without a day that is not there", () => {
    const later = at(120);
    const told = new Date(later).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
    expect(opensWords(later)).toBe(`We open ${told}`);
    expect(channelWords({ channel: "chat", state: "closed", opens_at: later })).toContain(`opens ${told};`);
  });

  it("knows whether a message still waits for the opening", () => {
    const state = (minutes: number) => {
      const intents = offer({ chat: "closed" }).map((intent) => ({ ...intent, channels: intent.channels.map((one) => ({ ...one, opens_at: at(minutes) })) }));
      return play(fresh(), session({ intents, handoff: handoff() }));
    };
    expect([isLeft(state(60)) !== null, isLeft(state(-60)) !== null]).toEqual([true, false]);
  });

  it("asks about a talk that has just ended, and about none of yesterday", () => {
    const state = (minutes: number) => {
      const recent = { id: "ho_1", state: "wrap_up" as const, intent: { key: "a", label: "A" }, channel: "chat" as const, at: at(minutes), close_reason: null, survey_due: true };
      return play(fresh(), session({ recent }));
    };
    expect([ended(state(-5)) !== null, ended(state(-60)) !== null]).toEqual([true, false]);
  });

  it("counts the age of a sign-in, the life of a code and of a question", () => {
    expect(assuranceWords({ acr: null, amr: ["pwd"], auth_time: NOW / 1000 - 180 })).toBe("password, 3 minutes ago");
    stage.on({ channel: "phone", state: "awaiting_call", phone: code, position: null });
    expect(stage.text()).toContain("7:48 left");
    const verification = { acr_values: [], max_age: 300, action: null, at: at(0), by: { name: "Amira" }, status: "asked" as const, lacks: null, answered_at: null };
    const asked = (minutes: number) => askedOf({ handoff: handoff({ state: "connected", verification: { ...verification, expires_at: at(minutes) } }), timeline: [] });
    expect([asked(1) !== null, asked(-1) !== null]).toEqual([true, false]);
  });
});
