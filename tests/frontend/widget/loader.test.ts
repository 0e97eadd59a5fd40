// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ask } from "../../../static/src/widget/loader/identity.ts";
import { passesLuhn, redactPath, redactText } from "../../../static/src/widget/loader/redact.ts";
import type { PageEntry } from "../../../static/src/widget/bridge.ts";

type Journey = typeof import("../../../static/src/widget/loader/journey.ts");

/** A new page of the same tab: module state is gone, storage stays. */
async function load(path = "/dispute", title = "Dispute"): Promise<Journey> {
  vi.resetModules();
  history.replaceState(null, "", path);
  document.title = title;
  return import("../../../static/src/widget/loader/journey.ts");
}
const kept = () => JSON.parse(sessionStorage.getItem("handoff.steps") ?? "[]") as PageEntry[];
const names = (entries: PageEntry[]) => entries.map((entry) => ("key" in entry ? entry.key : (entry.name ?? entry.path)));

beforeEach(() => sessionStorage.clear());
afterEach(() => vi.unstubAllGlobals());

describe("redaction (S12)", () => {
  it.each([
    ["4111 1111 1111 1111", "[hidden]"],
    ["card 5500-0000-0000-0004 ok", "card [hidden] ok"],
    ["４１１１１１１１１１１１１１１１", "[hidden]"],
    ["order 4111 1111 1111 1112", "order 4111 1111 1111 1112"],
    ["GBP 42.10, Corner Cafe", "GBP 42.10, Corner Cafe"],
  ])("%j becomes %j", (text, clean) => expect(redactText(text)).toBe(clean));

  it("knows Luhn", () => expect(["378282246310005", "4242424242424242", "4242424242424241"].map(passesLuhn)).toEqual([true, true, false]));

  it.each([
    ["/cards/dispute/3", "/cards/dispute/3"],
    ["/help/how-to-dispute-a-charge-in-2024", "/help/how-to-dispute-a-charge-in-2024"],
    ["/order/123e4567-e89b-12d3-a456-426614174000", "/order/123e4567-e89b-12d3-a456-426614174000"],
    ["/caf%C3%A9-menu-of-today/", "/café-menu-of-today/"],
    ["/reset/9f86d081884c7d659a2feaa0c55ad015/new", "/reset/[hidden]/new"],
    ["/in/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXlhIn0.c2ln", "/in/[hidden]"],
    ["/in/Zx-9_kQ1vB-7_yTrewQ4_p", "/in/[hidden]"],
    ["/pay/4111111111111111", "/pay/[hidden]"],
    ["/bad/%E0%A4%A", "/bad/%E0%A4%A"],
    ["/in/Zx9kQ1vB7yTrewQ4", "/in/[hidden]"],
    ["/help/DisputeACharge", "/help/DisputeACharge"],
  ])("%s is kept as %s", (path, clean) => expect(redactPath(path)).toBe(clean));
});

describe("the journey of a tab", () => {
  it("keeps path and title, never query or fragment", async () => {
    (await load("/a?token=secret#frag", "A")).addView();
    expect(kept()).toEqual([{ path: "/a", title: "A", status: "started", at: expect.any(String) }]);
  });

  it("goes on over pages, and tells a reloaded page once", async () => {
    (await load("/a", "A")).addView();
    (await load("/b", "B")).addView();
    (await load("/b", "B")).addView();
    expect(names((await load("/b", "B")).journey())).toEqual(["/a", "/b"]);
  });

  it("keeps what the page says of a step", async () => {
    (await load()).addStep({ name: "upload-receipt", status: "failed", error: "FILE_TOO_LARGE" });
    (await load()).addStep({ name: "x", status: "exploded" });
    expect(kept()).toMatchObject([{ name: "upload-receipt", status: "failed", error: "FILE_TOO_LARGE", path: "/dispute" }, { status: "started" }]);
  });

  it("gives a step the title it was told with, never the title of the page that is open", async () => {
    (await load("/reason", "What is wrong")).addStep({ name: "choose", title: "Choose the charge" });
    (await load("/next", "Another page")).addStep({ name: "other" });
    expect(kept().map((step) => "title" in step && step.title)).toEqual(["Choose the charge", false]);
  });

  it("lets the next page tell how a step went, at the place where it began", async () => {
    (await load("/receipt", "Receipt")).addStep({ name: "upload", title: "Upload your receipt" });
    (await load("/review", "Review")).addStep({ name: "upload", status: "done" });
    expect(kept()).toMatchObject([{ status: "started" }, { status: "done", path: "/receipt", title: "Upload your receipt" }]);
  });

  it("takes a path of the page's own, without query and fragment", async () => {
    (await load()).addStep({ name: "pay", path: "/pay/4111111111111111?token=secret#frag" });
    expect(kept()).toMatchObject([{ path: "/pay/[hidden]" }]);
  });

  it("lets a page's bare view give way to the step that has a name there, in either order", async () => {
    const { addStep, addView } = await load("/reason", "Reason");
    addView();
    addStep({ name: "choose", status: "done", path: "/choose" });
    addStep({ name: "reason" });
    addView();
    expect(names(kept())).toEqual(["choose", "reason"]);
  });

  it("keeps other pages' views and what failed there", async () => {
    (await load("/a", "A")).addView();
    const { addStep } = await load("/b", "B");
    addStep({ status: "failed", error: "E1" });
    addStep({ name: "b" });
    expect(names(kept())).toEqual(["/a", "/b", "b"]);
  });

  it("tells a step once when its page is loaded again, but each failure", async () => {
    for (let i = 0; i < 2; i++) (await load()).addStep({ name: "upload" });
    for (let i = 0; i < 2; i++) (await load()).addStep({ name: "upload", status: "failed", error: "FILE_TOO_LARGE" });
    (await load("/elsewhere", "Elsewhere")).addView();
    (await load()).addStep({ name: "upload" });
    expect(kept().map((step) => "status" in step && step.status)).toEqual(["started", "failed", "failed", "started", "started"]);
  });

  it("keeps at most 50, and lets views go before facts", async () => {
    const { addFact, addStep } = await load();
    addFact({ key: "charge", value: "1" });
    for (let i = 0; i < 60; i++) addStep({ name: `s${i}` });
    expect([kept().length, names(kept())[0], names(kept())[1]]).toEqual([50, "charge", "s11"]);
  });

  it("gives each entry its own time", async () => {
    const { addStep } = await load();
    for (let i = 0; i < 5; i++) addStep({ name: `s${i}` });
    expect(new Set(kept().map(({ at }) => at)).size).toBe(5);
  });

  it("holds one fact a key, and does not repeat one that stayed the same", async () => {
    const { addFact } = await load();
    expect([addFact({ key: "a", label: "A", value: 1 }), addFact({ key: "a", label: "A", value: 1 })]).toEqual([expect.anything(), undefined]);
    addFact({ key: "a", label: "A", value: "4111 1111 1111 1111" });
    expect(kept()).toEqual([{ key: "a", label: "A", value: "[hidden]", at: expect.any(String) }]);
  });

  it("is dropped whole", async () => {
    const { addView, forget } = await load();
    addView();
    forget();
    expect([sessionStorage.getItem("handoff.steps"), (await load()).journey()]).toEqual([null, []]);
  });

  it("lives on the page where touching storage throws", async () => {
    vi.stubGlobal("sessionStorage", new Proxy({}, { get: () => { throw new DOMException("denied", "SecurityError"); } }));
    const { addView, journey } = await load();
    addView();
    expect(journey()).toHaveLength(1);
  });
});

describe("the page's provider", () => {
  const token = "eyJh.eyJz.c2ln";

  it.each([
    ["a token", token, { token }],
    ["a token with a newline", `${token}\n`, { token }],
    ["a response", new Response(token), { token }],
    ["an empty text (204)", "", { token: null }],
    ["nothing", undefined, { token: null }],
    ["the text of a 401", "Unauthorized", { token: null }],
    ["a response of 401", new Response(token, { status: 401 }), { token: null }],
  ])("answers with %s", async (_, answer, expected) => expect(await ask(async () => answer, {})).toEqual(expected));

  it("is not understood as signed out when it fails", async () => {
    const fail = () => { throw new Error("network"); };
    expect(await ask(fail, {})).toEqual({ token: null, error: "identity_failed" });
  });
});
