import { beforeEach, describe, expect, it, vi } from "vitest";
import { envelope, fromPeer, type ToPanel } from "../../../static/src/widget/bridge.ts";
import { Host } from "../../../static/src/widget/panel/host.ts";

const BANK = "https://bank.example";
const hello: ToPanel = { type: "hello", entries: [], intent: null, shown: true, identity: false, tab: null };

describe("a message is the peer's own (S7)", () => {
  const source = {};
  const peer = { origin: BANK, source, nonce: "n1" };
  const event = { origin: BANK, source: source as Window, data: envelope("n1", hello) };

  it("passes with exact origin, source and nonce", () => expect(fromPeer(event, peer)).toEqual(hello));

  it.each([
    ["another origin", { origin: "https://bank.example.evil.example" }],
    ["the same host over http", { origin: "http://bank.example" }],
    ["another frame of the same origin", { source: {} as Window }],
    ["no source", { source: null }],
    ["another nonce", { data: envelope("n2", hello) }],
    ["no envelope", { data: hello }],
    ["a string", { data: JSON.stringify(envelope("n1", hello)) }],
    ["nothing", { data: null }],
  ])("is refused from %s", (_, change) => expect(fromPeer({ ...event, ...change }, peer)).toBeNull());

  it("is refused while there is no peer yet", () => expect(fromPeer({ ...event, source: null }, { ...peer, source: undefined })).toBeNull());
});

describe("the panel's end", () => {
  let parent: { postMessage: ReturnType<typeof vi.fn> };
  let heard: string[];
  let host: Host;

  function make(nonce = "n1"): Host {
    const page = { parent, addEventListener: () => undefined } as unknown as Window;
    const hear = ({ type }: { type: string }) => void heard.push(type);
    return new Host(page, [BANK, "https://app.bank.example"], nonce, { hello: hear, entries: hear, intent: hear, shown: hear, identity: hear, logout: hear });
  }
  const from = (origin: string, message: object, nonce = "n1", source: unknown = parent) =>
    host.receive({ origin, source: source as Window, data: { handoff: nonce, message } });

  beforeEach(() => {
    parent = { postMessage: vi.fn() };
    heard = [];
    host = make();
  });

  it("says nothing before a listed page has spoken", () => {
    host.send({ type: "minimise" });
    expect(parent.postMessage).not.toHaveBeenCalled();
  });

  it("answers the page that spoke, at its exact origin", () => {
    from(BANK, hello);
    host.send({ type: "minimise" });
    expect(parent.postMessage).toHaveBeenCalledWith({ handoff: "n1", message: { type: "minimise" } }, BANK);
  });

  it("is deaf to a page the site does not list, and to siblings", () => {
    from("https://evil.example", hello);
    from(BANK, hello, "n1", {});
    from(BANK, hello, "guess");
    expect(heard).toEqual([]);
  });

  it("is deaf when it was opened without a nonce", () => {
    host = make("");
    from(BANK, hello, "");
    expect(heard).toEqual([]);
  });

  it("does not change its page, even to another listed one", () => {
    from(BANK, hello);
    from("https://app.bank.example", { type: "logout" });
    expect(heard).toEqual(["hello"]);
  });

  it("has a fixed table of handlers", () => {
    for (const type of ["constructor", "__proto__", "toString", "unheard"]) from(BANK, { type });
    expect(heard).toEqual([]);
  });

  it("matches a token to its question, once", async () => {
    from(BANK, hello);
    const answer = host.need({ max_age: 300 });
    from(BANK, { type: "token", id: 2, token: "other" });
    from(BANK, { type: "token", id: 1, token: "a.b.c" });
    from(BANK, { type: "token", id: 1, token: "d.e.f" });
    await expect(answer).resolves.toEqual({ token: "a.b.c" });
  });

  it("tells the page's developer of a provider that failed", async () => {
    from(BANK, hello);
    void host.need({});
    from(BANK, { type: "token", id: 1, token: null, error: "identity_failed" });
    expect(parent.postMessage).toHaveBeenLastCalledWith({ handoff: "n1", message: { type: "error", code: "identity_failed", message: expect.any(String) } }, BANK);
  });

  it("gives the provider ten seconds", async () => {
    vi.useFakeTimers();
    from(BANK, hello);
    const answer = host.need({});
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(answer).resolves.toEqual({ token: null, error: "identity_timeout" });
    from(BANK, { type: "token", id: 1, token: "a.b.c" });
    vi.useRealTimers();
  });
});
