// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { theirsFirst } from "../../../static/src/console/theirs_first.ts";
import { button, desk, find, pass, press, root, sent, useStage, welcome } from "./stage.tsx";
import { at, handoff } from "./cast.ts";

interface Asked { method: string; path: string; body: Record<string, unknown> }
let asked: Asked[] = [];
let answers: Record<string, { status?: number; body: unknown }> = {};
const told = (path: string): Asked[] => asked.filter((one) => one.path.startsWith(path) && one.method !== "GET");

const reply = (shortcut: string, text: string, more = {}) => ({
  id: `cn_${shortcut}`, shortcut, title: "", text, language: "", mine: true, queues: [], editable: true, version: 1, updated_at: at(0), updated_by: "Amira", uses: 0, ...more,
});
const REFUND = reply("refund-days", "In 2 days, {customer.first_name}, to {fact:account}.");
const HOLD = reply("hold-check", "Give me a minute.", { mine: false, queues: ["cards"], editable: false });
const row = { id: "ar_1", title: "Refunds", excerpt: "Two or three days.", language: "en", published: true, intents: ["dispute-charge"], sites: [], version: 1, updated_at: at(0), updated_by: "Tomas", views: 3, solved: 1, useful_yes: 2, useful_no: 1 };
const ARTICLE = { ...row, body: "Two or three days.\n\n- <b>not bold</b>", useful: null };

function answer(url: string, init: RequestInit = {}): Promise<Response> {
  const path = url.replace("/api/v1/desk/", "");
  const method = init.method ?? "GET";
  asked.push({ method, path, body: JSON.parse(String(init.body ?? "{}")) });
  const { status = 200, body } = answers[`${method} ${path}`] ?? answers[`${method} ${path.split("?")[0]}`] ?? { status: 404, body: { error: { code: "not_found", message: "none" } } };
  return Promise.resolve(new Response(body === null ? null : JSON.stringify(body), { status }));
}

useStage();
// The parts come in a file of their own; here they are loaded once.
beforeAll(() => import("../../../static/src/console/knowledge.tsx"));
beforeEach(() => {
  asked = [];
  answers = {
    "GET canned": { body: { replies: [HOLD, REFUND], queues: [{ key: "cards", name: "Cards" }], every_queue: false } },
    "POST canned/cn_refund-days/use": { status: 204, body: null },
    "GET articles": { body: { articles: [row], intents: [{ key: "dispute-charge", name: "Dispute a charge" }], sites: [{ key: "harbour", name: "Harbour Bank" }] } },
    "GET articles/ar_1": { body: ARTICLE },
  };
  vi.stubGlobal("fetch", vi.fn(answer));
});

const box = (): HTMLTextAreaElement => find("#comp-text") as HTMLTextAreaElement;
function write(selector: string, text: string): void {
  const field = find(selector) as HTMLInputElement;
  act(() => { field.value = text; field.dispatchEvent(new Event("input", { bubbles: true })); });
}
function key(name: string, target: Element = document.activeElement ?? document.body): void {
  act(() => void target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true })));
}
async function show(more = {}): Promise<void> {
  welcome({ handoffs: [handoff({ facts: [{ key: "account", label: "Account", value: "..4821", source: "verified", at: at(0) }], ...more })] });
  act(() => desk.open("ho_1"));
  await pass(1);
}
/** Until what was loaded and asked for is there. */
const until = (is: () => void) => vi.waitFor(async () => { await pass(20); is(); });
const chosen = (): string => find("#canned-list [aria-selected=true]").textContent ?? "";

describe("canned replies", () => {
  test("a slash in an empty text opens them; typed for, chosen and put in without the mouse", async () => {
    await show();
    box().focus();
    key("/", box());
    await until(() => expect(root.querySelectorAll("#canned-list [role=option]")).toHaveLength(2));
    const field = find("[role=combobox]");
    expect(document.activeElement).toBe(field);
    expect(chosen()).toContain("/hold-check");
    key("ArrowDown");
    expect(chosen()).toContain("In 2 days, Maya, to ..4821.");
    expect(field.getAttribute("aria-activedescendant")).toBe("canned-cn_refund-days");
    write("[role=combobox]", "minute");
    expect(chosen()).toContain("/hold-check");
    write("[role=combobox]", "refu");
    key("Enter");
    await until(() => expect(box().value).toBe("In 2 days, Maya, to ..4821."));
    expect(document.activeElement).toBe(box());
    expect(root.querySelector(".canned")).toBe(null);
    expect(told("canned/cn_refund-days/use")).toHaveLength(1);
  });

  test("Escape goes back to the reply, and a second slash is a slash", async () => {
    await show();
    box().focus();
    key("/", box());
    await until(() => find("[role=combobox]"));
    key("Escape");
    expect(root.querySelector(".canned")).toBe(null);
    expect(document.activeElement).toBe(box());
    key("/", box());
    await until(() => find("[role=combobox]"));
    key("/");
    await until(() => expect(box().value).toBe("/"));
    key("/", box());
    expect(root.querySelector(".canned")).toBe(null);
  });

  test("who types on at once loses no letter, and two slashes are one", async () => {
    await show();
    box().focus();
    // Before anything is drawn anew.
    const atOnce = (letters: string[]) => act(() => letters.forEach((letter) => void box().dispatchEvent(new KeyboardEvent("keydown", { key: letter, bubbles: true, cancelable: true }))));
    atOnce(["/", "r", "x", "Backspace", "e", "f"]);
    await until(() => expect((find("[role=combobox]") as HTMLInputElement).value).toBe("ref"));
    expect(box().value).toBe("");
    expect(chosen()).toContain("/refund-days");
    key("Escape");
    expect(root.querySelector(".canned")).toBe(null);
    atOnce(["/", "/"]);
    await until(() => expect(box().value).toBe("/"));
    expect(root.querySelector(".canned")).toBe(null);
  });

  test("what is not known is a gap, and a reply with one is not sent", async () => {
    await show({ facts: [] });
    act(() => button("Canned").click());
    await until(() => find("[role=combobox]"));
    write("[role=combobox]", "refund");
    expect(find(".canned__foot").textContent).toContain("Not known here: [account?]");
    key("Enter");
    await until(() => expect(box().value).toBe("In 2 days, Maya, to [account?]."));
    act(() => button("Send").click());
    expect(find(".comp__bar").textContent).toContain("Fill in [account?] first");
    expect(box().value).not.toBe("");
    expect(sent("message.send")).toEqual([]);
  });

  test("what was written is saved as one, and a name that is taken is told without losing a word", async () => {
    await show();
    write("#comp-text", "Bring the receipt.");
    act(() => button("Canned").click());
    await until(() => expect(find(".canned__foot").textContent).toContain("Save what I wrote"));
    act(() => button("Save what I wrote").click());
    expect((find("#canned-text") as HTMLTextAreaElement).value).toBe("Bring the receipt.");
    write("#canned-shortcut", "/bring");
    answers["POST canned"] = { status: 400, body: { error: { code: "invalid_request", message: "x", fields: { shortcut: "taken" } } } };
    act(() => find(".canned__form .btn--primary").click());
    await until(() => expect(find("[role=alert] .bad").textContent).toContain("one of that name already"));
    answers["POST canned"] = { status: 201, body: REFUND };
    act(() => find(".canned__form .btn--primary").click());
    await until(() => find("#canned-list"));
    expect(told("canned").at(-1)?.body).toEqual({ shortcut: "bring", text: "Bring the receipt.", language: "", mine: true, queues: [] });
    expect(box().value).toBe("Bring the receipt.");
  });

  test("a deletion can be undone, and the team's is not for everybody to change", async () => {
    await show();
    act(() => button("Canned").click());
    await until(() => expect(chosen()).toContain("/hold-check"));
    expect(find(".canned__foot").textContent).not.toContain("Edit");
    key("ArrowDown");
    act(() => button("Edit /refund-days").click());
    answers["DELETE canned/cn_refund-days"] = { status: 204, body: null };
    answers["POST canned/cn_refund-days/restore"] = { body: REFUND };
    act(() => button("Delete").click());
    await until(() => expect(find(".canned").textContent).toContain("Deleted /refund-days."));
    act(() => button("Undo").click());
    await until(() => expect(find(".canned").textContent).not.toContain("Deleted"));
    expect(told("canned/cn_refund-days").map(({ method }) => method)).toEqual(["DELETE", "POST"]);
  });
});

describe("articles", () => {
  test("Alt+K finds what this is about; one is read in place and put into the reply", async () => {
    await show({ facts: [{ key: "article.ar_1", label: "Read", value: "Refunds", source: "observed", at: at(0) }] });
    press("KeyK", { altKey: true });
    await until(() => expect(find(".know__list").textContent).toContain("Maya read this"));
    expect(asked.at(-1)?.path).toBe("articles?q=&intent=dispute-charge");
    expect(document.activeElement).toBe(find("#know-find"));
    expect(find(".know__list").textContent).toContain("useful 2 of 3");
    act(() => find(".know__row").click());
    await until(() => expect(find("#know-title").textContent).toBe("Refunds"));
    expect(find(".prose").querySelector("b")).toBe(null);
    expect(find(".prose").textContent).toContain("<b>not bold</b>");
    act(() => button("Insert link").click());
    await until(() => expect(box().value).toMatch(/\/articles\/ar_1$/));
  });

  test("a stale save keeps the words, shows theirs, and goes over it only when pressed again", async () => {
    await show();
    press("KeyK", { altKey: true });
    await until(() => find(".know__row"));
    act(() => find(".know__row").click());
    await until(() => find("#know-title"));
    act(() => button("Edit").click());
    write("#know-body", "At once.");
    answers["POST articles/ar_1"] = { status: 409, body: { error: { code: "stale_version", message: "meanwhile" } } };
    answers["GET articles/ar_1"] = { body: { ...ARTICLE, version: 2, body: "Three to five days.", updated_by: "Tomas" } };
    act(() => find(".know--form .btn--primary").click());
    await until(() => expect(find(".know--form").textContent).toContain("Tomas saved it meanwhile"));
    expect((find("#know-body") as HTMLTextAreaElement).value).toBe("At once.");
    expect(find(".know--form .prose").textContent).toBe("Three to five days.");
    answers["POST articles/ar_1"] = { body: { ...ARTICLE, version: 3, body: "At once." } };
    act(() => button("Save mine over it").click());
    await until(() => expect(find(".prose").textContent).toBe("At once."));
    expect(told("articles/ar_1").map(({ body }) => body["version"])).toEqual([1, 2]);
  });

  test("what was begun survives another handoff", async () => {
    await show();
    press("KeyK", { altKey: true });
    await until(() => find(".know__list"));
    act(() => button("Write an article").click());
    write("#know-new-title", "Half a thought");
    welcome({ handoffs: [handoff(), handoff({ id: "ho_2" })] });
    act(() => desk.open("ho_2"));
    await pass(1);
    expect(root.querySelector("#know-new-title")).toBe(null);
    press("KeyK", { altKey: true });
    await until(() => find(".know__list"));
    act(() => button("Write an article").click());
    expect((find("#know-new-title") as HTMLInputElement).value).toBe("Half a thought");
    act(() => button("Throw away").click());
  });

  test("the vote is shown as given", async () => {
    await show();
    press("KeyK", { altKey: true });
    await until(() => find(".know__row"));
    act(() => find(".know__row").click());
    await until(() => find("#know-title"));
    answers["POST articles/ar_1/vote"] = { body: { ...ARTICLE, useful: true } };
    act(() => button("Useful").click());
    await until(() => expect(button("Useful").getAttribute("aria-pressed")).toBe("true"));
    expect(told("articles/ar_1/vote")[0]?.body).toEqual({ useful: true });
  });
});

test("what this customer reads comes first, and without a language everything stays as it is", () => {
  const rows = ["de", "en", "", "de-AT", "en-GB"].map((language) => ({ language }));
  const told = (value: string, source = "verified") => ({ facts: [{ key: "locale", label: "Language", value, source, at: "" }] }) as unknown as Parameters<typeof theirsFirst>[1];
  const order = (handoff: Parameters<typeof theirsFirst>[1]) => theirsFirst(rows, handoff).map(({ language }) => language);
  expect(order(told("de-CH"))).toEqual(["de", "", "de-AT", "en", "en-GB"]);
  expect(order(told("en-GB"))).toEqual(["en", "", "en-GB", "de", "de-AT"]);
  expect(order({ facts: [] })).toEqual(rows.map(({ language }) => language));
  expect(order(told("de", "stated"))).toEqual(rows.map(({ language }) => language));
});
