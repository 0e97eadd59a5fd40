import { beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../../static/src/shared/errors.ts";
import { memory } from "../../../static/src/shared/storage.ts";
import { createStore, type Store } from "../../../static/src/shared/store.ts";
import { Actions, type Parts } from "../../../static/src/widget/panel/actions.ts";
import { Memory } from "../../../static/src/widget/panel/memory.ts";
import { reduce } from "../../../static/src/widget/reducer.ts";
import { viewOf, type Action, type PanelState } from "../../../static/src/widget/state.ts";
import { handoff, menu, open, play, session as opened, stranger } from "./cast.ts";

type Reply = object | ApiError;
interface Call {
  path: string;
  body: Record<string, unknown> | undefined;
}

const weak = new ApiError(401, "insufficient_user_authentication", "", null, { acr_values: ["urn:bank:3"], max_age: null });
const refused = (code: string) => new ApiError(409, code, "");
const withState = (state: "open" | "closed" | "full") => menu.map((intent) => ({ ...intent, channels: [{ channel: "chat" as const, state }] }));

let store: Store<PanelState, Action>;
let replies: Reply[];
let calls: Call[];
let steppedUp: object[];
let onStepUp: () => void;
let actions: Actions;

function call(path: string, { body }: { body?: Record<string, unknown> } = {}): Promise<unknown> {
  calls.push({ path, body });
  const reply = replies.shift() ?? {};
  return reply instanceof ApiError ? Promise.reject(reply) : Promise.resolve(reply);
}

beforeEach(() => {
  [replies, calls, steppedUp, onStepUp] = [[], [], [], () => undefined];
  store = createStore(reduce, play(open(), { type: "draft", change: { intent: "dispute-charge", statement: "It was not me" } }));
  const session = { call, stepUp: (needs: object) => (steppedUp.push(needs), onStepUp(), Promise.resolve()) };
  const talk = { held: false, record: () => undefined, markRecorded: () => undefined, outbox: { clear: () => undefined } };
  actions = new Actions({ store, session, talk, host: { send: () => undefined }, memory: new Memory(memory()) } as unknown as Parts);
});
const paths = () => calls.map(({ path }) => path);

describe("what was written for a talk that is over when the page comes back", () => {
  const item = (client_id: string, to: string, status: "sending" | "sent" = "sending") => ({ client_id, handoff: to, text: `for ${to}`, at: "", kind: "message", status });

  it("goes along with the next need; what waits for a booked one stays where it is", () => {
    store = createStore(reduce, play(open(), { type: "text", text: "half a sen" }, { type: "outbox", outbox: [item("c1", "ho_old"), item("c2", "ho_booked"), item("c3", "ho_old", "sent")] }));
    const settled: string[] = [];
    const kept = new Memory(memory());
    const talk = { outbox: { settle: (id: string) => settled.push(id) }, typing: () => undefined };
    const made = new Actions({ store, session: { call }, talk, host: { send: () => undefined }, memory: kept } as unknown as Parts);
    store.dispatch(opened({ scheduled: [handoff({ id: "ho_booked", state: "scheduled" })] }));
    made.bringBack();
    expect([store.get().draft.statement, store.get().text, settled]).toEqual(["for ho_old\nhalf a sen", "", ["c1"]]);
    expect([kept.get().statement, kept.get().text]).toEqual(["for ho_old\nhalf a sen", ""]);
  });

  it("stays in the pen of a talk that goes on", () => {
    store = createStore(reduce, play(open({}), { type: "text", text: "half a sen" }));
    new Actions({ store } as unknown as Parts).bringBack();
    expect([store.get().text, store.get().draft.statement]).toEqual(["half a sen", ""]);
  });
});

describe("a sign-in that is not enough", () => {
  it("is asked of the page once, and the same click goes on", async () => {
    replies = [weak, handoff()];
    await actions.start();
    expect([steppedUp, viewOf(store.get())]).toEqual([[weak.needs], "waiting"]);
    expect(calls[0]?.body).toEqual(calls[1]?.body);
  });

  it("is told in words when the page has no better one, with nothing lost", async () => {
    replies = [weak, weak];
    await actions.start();
    const { trouble, needs, busy, draft } = store.get();
    expect([steppedUp.length, trouble, needs, busy, draft.statement]).toEqual([1, "insufficient_user_authentication", weak.needs, false, "It was not me"]);
    replies = [handoff()];
    await actions.start();
    expect([store.get().trouble, store.get().needs, viewOf(store.get())]).toEqual([null, null, "waiting"]);
  });

  it("does not send one person's need as another's", async () => {
    replies = [weak];
    onStepUp = () => store.dispatch(opened({ customer: { ...stranger, id: "cu_noor" } }));
    await actions.start();
    expect([paths(), viewOf(store.get())]).toEqual([["handoffs"], "start"]);
  });
});

describe("an end that was seen, or a new need", () => {
  const over = (change: object = {}) => store.dispatch({ type: "opened", handoff: handoff({ id: "ho_2", state: "wrap_up", ...change }) });
  const views = (seen: boolean) => (actions.setAside(seen), viewOf(store.get()));
  beforeEach(() => void (replies = [{ intents: menu }, { intents: menu }]));

  it("puts the start first, with the question one press away", () => {
    over();
    expect([viewOf(store.get()), views(true), (actions.survey(), viewOf(store.get()))]).toEqual(["ended", "start", "ended"]);
  });

  it("is not taken for one where something has to be told that was not seen yet", () => {
    over({ state: "closed", close_reason: "abandoned" });
    expect([views(false), views(true)]).toEqual(["ended", "start"]);
    actions.survey();
    expect(viewOf(store.get())).toBe("start");
  });

  it("leaves a talk that goes on alone", () => {
    over({ state: "connected" });
    expect(views(true)).toBe("talking");
  });
});

describe("out of hours", () => {
  it("leaves a message", async () => {
    store.dispatch({ type: "menu", intents: withState("closed") });
    replies = [handoff()];
    await actions.start();
    expect(calls[0]?.body).toMatchObject({ leave: true, statement: "It was not me" });
  });

  it("does not say so while it is open", async () => {
    replies = [handoff()];
    await actions.start();
    expect(calls[0]?.body).not.toHaveProperty("leave");
  });

  it.each(["channel_closed", "channel_full", "channel_not_offered"])("reads the menu anew after %s, and keeps the words", async (code) => {
    replies = [refused(code), { intents: withState("closed") }];
    await actions.start();
    await Promise.resolve();
    const { trouble, intents, draft } = store.get();
    expect([paths(), trouble, intents[0]?.channels[0]?.state, draft.statement]).toEqual([["handoffs", "availability"], code, "closed", "It was not me"]);
  });
});
