import { beforeEach, describe, expect, it, vi } from "vitest";
import { memory, type KeyValue } from "../../../static/src/shared/storage.ts";
import { Session } from "../../../static/src/widget/panel/session.ts";
import { maya, menu, stranger } from "./cast.ts";

type Reply = [status: number, body: unknown];
interface Asked {
  method: string;
  token: string | null;
  body: Record<string, unknown> | null;
}

let storage: KeyValue;
let asked: Asked[];
let replies: Reply[];
let answers: ({ token: string | null; error?: string } | null)[];
let heard: string[];
let needs: object[];

const noor = { ...maya, id: "cu_noor", name: "Noor Ali" };
const opened = (customer: object, token: string): Reply => [201, { token, customer, facts: [], intents: menu, handoff: null, recent: null }];
const refused = (status: number, code: string): Reply => [status, { error: { code, message: code, request_id: "r" } }];

function session(): Session {
  return new Session({
    site: "harbour",
    storage,
    embeddedBy: () => "https://bank.example",
    identity: (need) => {
      needs.push(need);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return answer ? Promise.resolve(answer) : null;
    },
    onOpened: ({ customer }, same) => heard.push(`opened ${customer.id}${same ? " same" : ""}`),
    onRefused: (code) => heard.push(`refused ${code}`),
    onTokenRefused: (code) => heard.push(`token refused ${code}`),
    onWiped: () => heard.push("wiped"),
  });
}

/** An earlier page of this tab opened a session. */
function keep(customer: object, token = "old"): void {
  storage.set("handoff.session", JSON.stringify({ token, customer }));
}

beforeEach(() => {
  [storage, asked, replies, answers, heard, needs] = [memory(), [], [], [null], [], []];
  vi.stubGlobal("fetch", async (_: string, { method, headers, body }: { method: string; headers: Record<string, string>; body?: string }) => {
    asked.push({ method, token: headers.Authorization ?? null, body: body ? (JSON.parse(body) as Record<string, unknown>) : null });
    const [status, reply] = replies.shift() ?? [500, {}];
    return new Response(status === 204 ? null : JSON.stringify(reply), { status });
  });
});

describe("a first visit", () => {
  it("opens with the page's token, kept in the frame alone", async () => {
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s1")]];
    await session().open();
    expect(asked).toEqual([{ method: "POST", token: null, body: { site: "harbour", identity_token: "a.b.c", embedded_by: "https://bank.example" } }]);
    expect(heard).toEqual(["opened cu_maya"]);
    expect(storage.get("handoff.session")).toContain('"s1"');
    expect(storage.get("handoff.session")).not.toContain("a.b.c");
  });

  it("is an answer where the tab comes from a page that confirms and could keep nothing; one that goes on says so itself", async () => {
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s1"), opened(maya, "s2")]];
    await session().open(true);
    await session().open(true);
    expect(asked.map(({ token, body }) => [token, body?.answers_verification])).toEqual([[null, true], ["Bearer s1", undefined]]);
  });

  it("goes on unverified when nobody is signed in", async () => {
    [answers, replies] = [[{ token: null }], [opened(stranger, "s1")]];
    await session().open();
    expect([asked[0]?.body, heard]).toEqual([{ site: "harbour", embedded_by: "https://bank.example" }, ["opened cu_stranger"]]);
  });

  it("tells the page of a refused token and goes on without it", async () => {
    [answers, replies] = [[{ token: "a.b.c" }], [refused(401, "token_expired"), opened(stranger, "s1")]];
    await session().open();
    expect(heard).toEqual(["token refused token_expired", "opened cu_stranger"]);
  });

  it("says so when the site helps nobody unverified", async () => {
    replies = [refused(403, "unverified_not_allowed")];
    await session().open().catch(() => undefined);
    expect(heard).toEqual(["refused unverified_not_allowed"]);
  });
});

describe("the next page", () => {
  it("refreshes the same customer", async () => {
    keep(maya);
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s2")]];
    await session().open();
    expect([asked[0]?.token, heard]).toEqual(["Bearer old", ["opened cu_maya same"]]);
  });

  it("goes on without a provider", async () => {
    keep(maya);
    replies = [opened(maya, "old")];
    await session().open();
    expect([asked[0]?.token, asked[0]?.body?.identity_token, heard]).toEqual(["Bearer old", undefined, ["opened cu_maya same"]]);
  });

  it("goes on when the provider fails (R25)", async () => {
    keep(maya);
    [answers, replies] = [[{ token: null, error: "identity_timeout" }], [opened(maya, "old")]];
    await session().open();
    expect(heard).toEqual(["opened cu_maya same"]);
  });

  it("upgrades a stranger who signed in", async () => {
    keep(stranger);
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s2")]];
    await session().open();
    expect([asked[0]?.token, heard]).toEqual(["Bearer old", ["opened cu_maya"]]);
  });

  it("leaves nothing of a customer whose session ended", async () => {
    keep(maya);
    replies = [refused(401, "session_expired"), opened(stranger, "s2")];
    await session().open();
    expect([asked.map(({ token }) => token), heard]).toEqual([["Bearer old", null], ["wiped", "opened cu_stranger"]]);
  });

  it("keeps what it has while the server cannot be reached", async () => {
    keep(maya);
    replies = [refused(503, "not_ready")];
    await session().open().catch(() => undefined);
    expect([heard, storage.get("handoff.session")]).toEqual([["refused not_ready"], expect.stringContaining("old")]);
  });

  it("opens anew when the kept session is dead, with another token", async () => {
    keep(maya);
    [answers, replies] = [[{ token: "a.b.1" }, { token: "a.b.2" }], [refused(401, "session_expired"), opened(maya, "s2")]];
    await session().open();
    expect(asked.map(({ token, body }) => [token, body?.identity_token])).toEqual([["Bearer old", "a.b.1"], [null, "a.b.2"]]);
    expect(heard).toEqual(["opened cu_maya same"]);
  });
});

describe("another person at the same screen", () => {
  it("finds nothing when the site says somebody else is signed in", async () => {
    keep(maya);
    [answers, replies] = [[{ token: "a.b.1" }, { token: "a.b.2" }], [refused(409, "customer_changed"), opened(noor, "s2")]];
    await session().open();
    expect(heard).toEqual(["wiped", "opened cu_noor"]);
    expect([asked[1]?.token, storage.get("handoff.session")]).toEqual([null, expect.not.stringContaining("Maya")]);
  });

  it("finds nothing when the site says nobody is signed in", async () => {
    keep(maya);
    [answers, replies] = [[{ token: null }], [opened(stranger, "s2")]];
    await session().open();
    expect(heard).toEqual(["wiped", "opened cu_stranger"]);
    expect(asked[0]?.token).toBeNull();
  });

  it("finds nothing after a logout, even if the server cannot be told", async () => {
    keep(maya);
    replies = [[503, {}]];
    await session().logout();
    expect([asked[0]?.method, heard, storage.get("handoff.session")]).toEqual(["DELETE", ["wiped"], null]);
  });
});

describe("a session that ended under a talk", () => {
  it("is renewed with a new token", async () => {
    keep(maya);
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s2")]];
    expect(await session().renew()).toBe(true);
    expect([asked[0]?.token, heard]).toEqual([null, ["opened cu_maya same"]]);
  });

  it("is not replaced by a stranger's while the page cannot say who is there", async () => {
    keep(maya);
    expect(await session().renew()).toBe(false);
    expect([asked, heard]).toEqual([[], []]);
  });
});

describe("a stronger sign-in", () => {
  it("is asked of the page by OpenID Connect's own names, and refreshes the session", async () => {
    keep(maya);
    [answers, replies] = [[{ token: "a.b.c" }], [opened(maya, "s2")]];
    await session().stepUp({ acr_values: ["urn:bank:2", "urn:bank:3"], max_age: 300 });
    expect(needs).toEqual([{ acr_values: "urn:bank:2 urn:bank:3", max_age: 300 }]);
    expect([asked[0]?.token, asked[0]?.body?.identity_token, heard]).toEqual(["Bearer old", "a.b.c", ["opened cu_maya same"]]);
  });

  it("asks for no more than what is missing, and leaves all as it is when the page has none", async () => {
    keep(maya);
    answers = [{ token: null }];
    await session().stepUp({ acr_values: [], max_age: 300 });
    expect([needs, asked, heard, storage.get("handoff.session")]).toEqual([[{ max_age: 300 }], [], [], expect.stringContaining("old")]);
  });
});

it("shows what the site signed as the server tells it", async () => {
  const facts = [{ key: "account", label: "Account", value: "..4821", source: "verified" as const, at: "2026-01-01T14:00:00.000Z" }];
  let shown: unknown;
  [answers, replies] = [[{ token: "a.b.c" }], [[201, { token: "s1", customer: maya, facts, intents: menu, handoff: null, recent: null }]]];
  await new Session({
    site: "harbour",
    storage,
    embeddedBy: () => null,
    identity: () => Promise.resolve({ token: "a.b.c" }),
    onOpened: ({ signed }) => void (shown = signed),
    onRefused: () => undefined,
    onTokenRefused: () => undefined,
    onWiped: () => undefined,
  }).open();
  expect(shown).toEqual(facts);
});
