import { describe, expect, it } from "vitest";
import { viewOf } from "../../../static/src/widget/state.ts";
import { amira, booked, call, callback, changed, entry, event, fresh, handoff, open, play, said, session, snapshot } from "./cast.ts";

const opened = (change: object) => ({ type: "opened", handoff: change }) as never;
const with_ = (...scheduled: ReturnType<typeof booked>[]) => play(fresh(), session({ scheduled }));
const ids = ({ scheduled }: { scheduled: readonly { id: string }[] }) => scheduled.map(({ id }) => id);

describe("a callback that is booked", () => {
  it("stands apart from the handoff on screen", () => {
    const state = play(open(), opened(booked()));
    expect([state.handoff, ids(state), viewOf(state)]).toEqual([null, ["ho_1"], "booked"]);
  });

  it("has the panel when it opens, unless the page is about something else", () => {
    const about = (intent: string | null) => viewOf(play(fresh(), { type: "intent", intent }, session({ scheduled: [booked()] })));
    expect([about(null), about("dispute-charge"), about("lost-card")]).toEqual(["booked", "booked", "start"]);
  });

  it("lets one ask about something else, and comes back", () => {
    const aside = play(with_(booked()), { type: "aside", aside: true });
    expect([viewOf(aside), viewOf(play(aside, { type: "aside", aside: false }))]).toEqual(["start", "booked"]);
    expect(viewOf(play(aside, { type: "intent", intent: "dispute-charge" }))).toBe("booked");
  });

  it("comes up when another one is booked", () => {
    const aside = play(with_(booked()), { type: "aside", aside: true }, opened(booked({ id: "ho_2" })));
    expect([ids(aside), viewOf(aside)]).toEqual([["ho_1", "ho_2"], "booked"]);
  });

  it("becomes the handoff on screen when it comes due, by the event as by what opens it", () => {
    const due = play(with_(booked(), booked({ id: "ho_2" })), event(changed(5, 2, { state: "queued", channel: "callback" })));
    expect([due.handoff?.state, ids(due), viewOf(due)]).toEqual(["queued", ["ho_2"], "waiting"]);
    const told = handoff({ version: 2, channel: "callback", callback: callback(), position: 1 });
    const whole = play(due, event(entry(9, "handoff.opened", { handoff: told, heads: {} }, "customer/cu_maya")));
    expect([whole.handoff?.position, ids(whole)]).toEqual([1, ["ho_2"]]);
    expect(play(with_(booked()), event(entry(9, "handoff.opened", { handoff: told, heads: {} }, "customer/cu_maya"))).handoff?.position).toBe(1);
  });

  it("goes without a word about an end when it is cancelled", () => {
    const state = play(with_(booked()), event(changed(5, 2, { state: "closed", close_reason: "cancelled" })));
    expect([state.scheduled, state.handoff, viewOf(state)]).toEqual([[], null, "start"]);
    const answered = play(with_(booked()), opened(booked({ state: "closed", close_reason: "cancelled", version: 2 })));
    expect([answered.scheduled, answered.handoff]).toEqual([[], null]);
  });

  it("is told its new time, and the question about it is over", () => {
    const asking = play(with_(booked()), { type: "form", change: { sheet: { about: "ho_1" } } });
    expect(viewOf(asking)).toBe("callback");
    const moved = play(asking, opened(booked({ version: 2, due_at: "2026-01-03T09:00:00.000Z" })));
    expect([moved.scheduled[0]?.due_at, viewOf(moved)]).toEqual(["2026-01-03T09:00:00.000Z", "booked"]);
  });
});

describe("a handoff that is put off", () => {
  const talking = play(open({ state: "connected", agent: amira, channel: "callback", callback: callback(), version: 4 }), event(said(3, "agent", "Hello")));

  it("is booked again, and the talk is there when it comes back", () => {
    const off = play(talking, event(changed(4, 5, { state: "scheduled", channel: "callback" })));
    expect([off.handoff, ids(off), off.scheduled[0]?.due_at, viewOf(off)]).toEqual([null, ["ho_1"], null, "booked"]);
    const back = play(off, event(changed(5, 6, { state: "queued", channel: "callback" })));
    expect([back.handoff?.state, back.timeline.length, back.scheduled]).toEqual(["queued", 2, []]);
  });

  it("was put off while this page was away", () => {
    const back = play(talking, { type: "welcome", snapshot: snapshot({ handoff: null, scheduled: [booked({ version: 5 })] }) });
    expect([back.handoff, viewOf(back)]).toEqual([null, "booked"]);
    expect(play(talking, session({ scheduled: [booked({ version: 5 })] })).handoff).toBeNull();
  });

  it("closes the question about its time when an agent accepts meanwhile", () => {
    const asking = play(open({ channel: "callback", callback: callback() }), { type: "form", change: { sheet: { about: "ho_1" } } });
    const offered = play(asking, event(changed(1, 2, { state: "offered", channel: "callback" })));
    expect(viewOf(offered)).toBe("callback");
    expect(viewOf(play(offered, event(changed(2, 3, { state: "connected", channel: "callback", agent: amira }))))).toBe("talking");
  });
});

describe("a log that is read again from its beginning", () => {
  const log = [
    changed(1, 2, { state: "scheduled", channel: "callback" }),
    entry(2, "callback.changed", { callback: callback({ next_at: "2026-01-01T15:00:00.000Z" }) }),
    changed(3, 3, { state: "queued", channel: "callback" }),
    changed(4, 4, { state: "connected", channel: "callback", agent: amira }),
    entry(5, "call.changed", { call: call({ direction: "outbound", status: "ringing" }) }),
    entry(6, "call.changed", { call: call({ direction: "outbound", status: "no_answer", ended_at: "2026-01-01T15:01:00.000Z" }) }),
    changed(7, 5, { state: "scheduled", channel: "callback" }),
    entry(8, "callback.changed", { callback: callback({ attempts: 1, last_outcome: "no_answer", next_at: "2026-01-01T15:10:00.000Z" }) }),
  ];
  const newest = booked({ version: 5, head: 8, callback: callback({ attempts: 1, last_outcome: "no_answer", next_at: "2026-01-01T15:10:00.000Z" }) });

  it("shows nothing older than what is known", () => {
    let state = play(fresh(), session({ scheduled: [newest] }));
    for (const one of log) {
      state = play(state, event(one));
      expect([state.handoff, state.scheduled]).toEqual([null, [newest]]);
    }
  });

  it("ends where it was lived through", () => {
    const lived = play(play(fresh(), session({ scheduled: [booked()] })), ...log.map(event));
    expect([lived.handoff, lived.scheduled[0]?.callback, lived.scheduled[0]?.call?.status]).toEqual([null, newest.callback, "no_answer"]);
  });

  it("is not overtaken by an answer that was on its way", () => {
    const late = opened(handoff({ state: "connected", agent: amira, channel: "callback", version: 4, head: 5, callback: callback() }));
    const state = play(play(fresh(), session({ scheduled: [newest] })), late);
    expect([state.handoff, state.scheduled, state.busy]).toEqual([null, [newest], false]);
  });

  it("which was restored is the truth again", () => {
    const lost = play(open({ version: 9, head: 90 }), { type: "resync", lost: true }, { type: "welcome", snapshot: snapshot({ handoff: handoff({ version: 2, head: 3 }) }) });
    expect([lost.handoff?.version, lost.handoff?.head]).toEqual([2, 3]);
  });
});

describe("a call", () => {
  const code = { number: "+442079460000", display: "+44 20 7946 0000", code: "48217036", tel: "tel:+442079460000,,,48217036", expires_at: "2026-01-01T14:10:00.000Z" };
  const waiting = open({ channel: "phone", state: "awaiting_call", position: null, phone: code });
  const told = (seq: number, change: Parameters<typeof call>[0]) => event(entry(seq, "call.changed", { call: call(change) }));

  it("that the page is asked about has the panel, wherever one is, and gives it back", () => {
    const states = [waiting, play(waiting, { type: "form", change: { sheet: { about: null } } }), play(open({ channel: "phone", version: 3 }), event(said(1, "agent", "Hello")))];
    for (const state of states) {
      const asked = play(state, told(5, { claim: "asked" }));
      expect([viewOf(asked), viewOf(play(asked, told(6, { claim: "mine" })))]).toEqual(["arrived", viewOf(state)]);
    }
  });

  it("that hung up asks nobody any more", () => {
    expect(viewOf(play(waiting, told(5, { claim: "asked" }), told(6, { claim: "asked", status: "ended", ended_at: "2026-01-01T14:01:00.000Z" })))).toBe("calling");
  });

  it("that was not this person's has used the code up", () => {
    const state = play(waiting, told(5, { claim: "asked" }), told(6, { claim: "not_mine" }));
    expect([state.handoff?.phone, viewOf(state)]).toEqual([null, "calling"]);
    expect(play(waiting, told(5, { claim: "mine" })).handoff?.phone).toEqual(code);
  });

  it("has a code of its own each time it is awaited", () => {
    const away = play(waiting, event(changed(5, 2, { state: "queued", channel: "chat" })), event(changed(6, 3, { state: "awaiting_call", channel: "phone" })));
    expect([away.handoff?.state, away.handoff?.phone, viewOf(away)]).toEqual(["awaiting_call", null, "calling"]);
  });

  it("of another handoff changes nothing here", () => {
    expect(play(waiting, event(entry(5, "call.changed", { call: call({ claim: "asked" }) }, "handoff/ho_other"))).handoff).toEqual(waiting.handoff);
  });
});

describe("which channel is chosen", () => {
  const offer = (states: Record<string, string>) =>
    ["dispute-charge", "lost-card"].map((key) => ({ key, label: key, channels: Object.entries(states).map(([channel, state]) => ({ channel, state })) })) as never;
  const chosen = (states: Record<string, string>, kept?: string) =>
    play(fresh(), session({ intents: offer(states) }), { type: "draft", change: { intent: "dispute-charge", ...(kept && { channel: kept as never }) } }).draft.channel;

  it.each([
    [{ chat: "open", callback: "open", phone: "open" }, "chat"],
    [{ phone: "open", chat: "open" }, "phone"],
    [{ chat: "unstaffed", callback: "unstaffed", phone: "open" }, "phone"],
    [{ chat: "closed", callback: "closed", phone: "closed" }, "callback"],
    [{ chat: "full", callback: "full", phone: "full" }, "callback"],
    [{ chat: "closed", phone: "closed" }, "chat"],
    [{ chat: "full" }, "chat"],
  ])("%o: the one that can answer first is %s", (states, channel) => {
    expect(chosen(states)).toBe(channel);
  });

  it("is the one that was picked, as long as it can be", () => {
    const all = { chat: "open", callback: "open", phone: "open" };
    const picked = play(fresh(), session({ intents: offer(all) }), { type: "draft", change: { intent: "dispute-charge" } }, { type: "draft", change: { channel: "phone" } });
    expect(play(picked, { type: "menu", intents: offer(all) }).draft.channel).toBe("phone");
    expect(play(picked, { type: "menu", intents: offer({ ...all, phone: "full" }) }).draft.channel).toBe("chat");
  });
});
