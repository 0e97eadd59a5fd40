/** What the agent asks this person to confirm, and what there is to say about it. */
import { texts } from "@texts/stepup";
import type { Entry } from "../shared/frames.ts";
import type { VerificationView } from "../shared/protocol.ts";
import { serverNow } from "./panel/views/exports.ts";
import type { PanelState } from "./state.ts";

const TOLD = /^verification\./;

/** Each event tells the request whole, so the newest one is how it stands; without one it is what the handoff came with. */
export function verificationOf({ handoff, timeline }: Pick<PanelState, "handoff" | "timeline">): VerificationView | null {
  const last = timeline.findLast(({ type, data }) => TOLD.test(type) && "status" in (data as object));
  return (last?.data as VerificationView | undefined) ?? handoff?.verification ?? null;
}

/** Null: nothing is asked, or not any more. */
export function askedOf(state: Pick<PanelState, "handoff" | "timeline">, now = serverNow()): VerificationView | null {
  const request = verificationOf(state);
  const asked = state.handoff?.state === "connected" && request?.status === "asked" && now < Date.parse(request.expires_at);
  return asked ? request : null;
}

/** For what, what is needed, what there is: each a sentence. */
export function whyWords(request: VerificationView, { customer, site }: Pick<PanelState, "customer" | "site">, now = serverNow()): string {
  const { action, acr_values, max_age } = request;
  const assurance = customer?.verified ? customer.assurance : null;
  const known = action ? [texts.itIsFor(action.label)] : [];
  if (!assurance) return [...known, texts.signInHelps(request.by.name, site.name)].join(" ");
  const weak = acr_values.length > 0 && !acr_values.includes(assurance.acr ?? "");
  const age = assurance.auth_time === null ? null : Math.max(0, Math.floor((now / 1000 - assurance.auth_time) / 60));
  if (weak) known.push(texts.needsStronger(site.name));
  if (max_age !== null && max_age < 86_400) known.push(texts.needsRecent(site.name, Math.max(1, Math.floor(max_age / 60))), ...(age === null ? [] : [texts.yoursIs(age)]));
  return known.join(" ");
}

/** Its line in the conversation; null: there is none. */
export function answerLine({ type, data }: Entry, at: string): { glyph: "lock" | "check"; text: string } | null {
  const request = data as Partial<VerificationView>;
  if (type !== "verification.answered" || !request.by) return null;
  if (request.status === "satisfied") return { glyph: "lock", text: texts.confirmed(at, request.by.name) };
  return request.status === "declined" ? { glyph: "check", text: texts.declined(request.by.name) } : null;
}
