import { describe, expect, it } from "vitest";
import { ended, unread, viewOf } from "../../../static/src/widget/state.ts";
import { amira, changed, entry, event, fresh, handoff, open, play, said, session, snapshot, stranger } from "./cast.ts";

const story = [changed(1, 2, { state: "offered" }), changed(2, 3, { state: "connected", agent: amira }), said(3, "agent", "Hello Maya"), said(4, "customer", "Hi", "c1")];

describe("the same story through every door", () => {
  it("ends in the same state by live events, by replay over a newer snapshot, and by snapshot alone", () => {
    const live = play(open({}), ...story.map(event));
    const now = snapshot({ handoff: handoff({ state: "connected", version: 3, agent: amira, position: null, estimate: null }), timeline: story });
    const fromSnapshot = play(open({}), { type: "welcome", snapshot: now });
    const replayed = play(fromSnapshot, ...story.map(event));
    expect(live.timeline).toEqual(fromSnapshot.timeline);
    expect(live.handoff).toEqual(fromSnapshot.handoff);
    expect(replayed.handoff).toEqual(fromSnapshot.handoff);
    expect(replayed.timeline).toBe(fromSnapshot.timeline);
  });

  it("does not go back to an older version", () => {
    const state = play(open({ version: 5, state: "connected", agent: amira }), event(changed(9, 4, { state: "queued" })));
    expect(state.handoff?.state).toBe("connected");
  });

  it("leaves another handoff's events out of the one on screen", () => {
    const state = play(open({}), event(entry(1, "message.posted", { id: "me_x", author: { kind: "agent", name: "X" }, text: "?", client_id: null }, "handoff/ho_other")));
    expect(state.timeline).toEqual([]);
  });

  it("keeps an event it does not know without showing or breaking anything", () => {
    const state = play(open({}), event(entry(1, "moon.phase", { full: true })));
    expect([state.timeline.length, viewOf(state)]).toEqual([1, "waiting"]);
  });
});

describe("a log that was restored from a backup", () => {
  const older = snapshot({ handoff: handoff({ version: 1 }), timeline: story.slice(0, 1) });
  const written = { type: "text", text: "draft" } as const;
  const outbox = { type: "outbox", outbox: [{ client_id: "c9", handoff: "ho_1", text: "unsent", at: "", kind: "message", status: "sending" }] } as const;
  const before = play(open({}), ...story.map(event), written, outbox, { type: "read", seq: 3 });

  it("is the truth though it is older, and takes nothing that was written here", () => {
    const after = play(before, { type: "resync", lost: true }, { type: "welcome", snapshot: older });
    expect([after.handoff?.state, after.handoff?.version, after.timeline.length, after.read]).toEqual(["queued", 1, 1, 0]);
    expect([after.text, after.outbox]).toEqual(["draft", outbox.outbox]);
  });

  it("may have lost the talk altogether, which is not called its end", () => {
    const after = play(before, { type: "resync", lost: true }, { type: "welcome", snapshot: snapshot({ handoff: null }) });
    expect([viewOf(after), ended(after)?.reason, ended(after)?.ask]).toEqual(["ended", "out_of_reach", false]);
  });

  it("is not what happened when a reader was only away for long", () => {
    const after = play(before, { type: "resync", lost: false }, { type: "welcome", snapshot: older });
    expect([after.handoff?.version, after.read]).toEqual([3, 3]);
  });
});

describe("which view", () => {
  it("opens on the start, with the page's intent chosen", () => {
    const state = play(fresh(), { type: "intent", intent: "lost-card" }, session());
    expect([viewOf(state), state.draft.intent, state.draft.channel]).toEqual(["start", "lost-card", "chat"]);
  });

  it("chooses nothing for the person when the page says nothing", () => {
    expect(open().draft.intent).toBeNull();
  });

  it("waits, talks, stays in the talk when the agent is lost, and ends", () => {
    const states = [open({})];
    for (const one of [...story, changed(5, 4, { state: "queued" }), changed(6, 5, { state: "wrap_up" })]) states.push(play(states.at(-1) ?? fresh(), event(one)));
    expect(states.map(viewOf)).toEqual(["waiting", "waiting", "talking", "talking", "talking", "talking", "ended"]);
  });

  it("opens the handoff of the second tab", () => {
    expect(viewOf(play(open(), event(entry(1, "handoff.opened", { handoff: handoff(), heads: {} }, "customer/cu_maya"))))).toBe("waiting");
  });
});

describe("after", () => {
  const recent = { id: "ho_1", state: "closed" as const, intent: { key: "a", label: "A" }, channel: "chat" as const, at: new Date().toISOString(), close_reason: "resolved", survey_due: true };

  it("says how it ended while the line was away", () => {
    const state = play(open({ state: "connected", agent: amira }), { type: "welcome", snapshot: snapshot({ handoff: null, recent }) });
    expect([viewOf(state), ended(state)?.reason, ended(state)?.ask]).toEqual(["ended", "resolved", true]);
  });

  const anew = (at = recent.at) => play(fresh(), session({ recent: { ...recent, at } }));
  const surveying = { type: "surveying", surveying: true } as const;

  it("asks about a talk that just ended one press behind the start, and not about yesterday's", () => {
    expect([viewOf(anew()), ended(anew())?.ask, ended(anew("2020-01-01T00:00:00.000Z"))]).toEqual(["start", true, null]);
    expect(viewOf(play(anew(), surveying))).toBe("ended");
  });

  it("asks at once when the talk ends here, and then stands behind a new need with what was begun", () => {
    const over = play(open({}), ...story.map(event), event(changed(5, 4, { state: "wrap_up" })), { type: "form", change: { effort: 6, comment: "quick" } }, { type: "text", text: "and one more" });
    const aside = play(over, { type: "again", later: true });
    expect([viewOf(over), viewOf(aside), aside.handoff, ended(aside)?.ask, unread(aside)]).toEqual(["ended", "start", null, true, 0]);
    expect([aside.draft.statement, aside.text]).toEqual(["and one more", ""]);
    const back = play(aside, surveying);
    expect([viewOf(back), back.form.effort, back.form.comment, back.timeline.length]).toEqual(["ended", 6, "quick", 5]);
    expect(viewOf(play(back, { type: "again", later: false }))).toBe("start");
  });

  it("keeps what was begun of the answer over a page, for the talk that it is about alone, and no longer than until it was sent", () => {
    const begun = play(anew(), surveying, { type: "form", change: { comment: "quick", effort: 6 } });
    expect([begun.form.about, play(begun, session({ recent })).form.comment]).toEqual(["ho_1", "quick"]);
    const { comment, about } = begun.form;
    const restored = play(fresh(), { type: "form", change: { comment, about } });
    expect([play(restored, session({ recent })).form.comment, play(restored, session({ recent: { ...recent, id: "ho_2" } })).form.comment, play(restored, session({ handoff: handoff({ id: "ho_2" }) })).form.comment]).toEqual(["quick", "", ""]);
    expect(play(begun, { type: "rated", rated: true }).form.comment).toBe("");
    expect(play(begun, event(entry(1, "survey.answered", { effort: 6, comment: "quick" }))).form.comment).toBe("");
  });

  it("keeps the need that was begun while the last talk is answered about", () => {
    const back = play(anew(), { type: "draft", change: { statement: "my card" } }, surveying, { type: "again", later: false });
    expect([back.draft.statement, ended(back)]).toEqual(["my card", null]);
  });

  it("asks nothing any more once it was answered, on whatever device", () => {
    expect(ended(play(anew(), event(entry(1, "survey.answered", { effort: 5, comment: null }))))?.ask).toBe(false);
  });

  it("asks nothing about a line that was left", () => {
    const state = play(open({}), event(changed(1, 2, { state: "closed", close_reason: "cancelled" })));
    expect([viewOf(state), ended(state)?.ask]).toEqual(["ended", false]);
  });

  it("starts again with the unsent words, and does not ask twice", () => {
    const closed = play(open({}), event(changed(1, 2, { state: "wrap_up" })), { type: "text", text: "one more thing" }, { type: "again", later: false });
    expect([viewOf(closed), closed.draft.statement, closed.timeline.length]).toEqual(["start", "one more thing", 0]);
    expect(viewOf(play(closed, { type: "welcome", snapshot: snapshot({ handoff: null, recent }) }))).toBe("start");
  });
});

describe("who is here", () => {
  it("forgets everything but the site and the page's intent when wiped", () => {
    const state = play(open({}), ...story.map(event), { type: "text", text: "draft" }, { type: "intent", intent: "lost-card" }, { type: "wiped" });
    expect(state).toEqual({ ...fresh(), page: { entries: [], intent: "lost-card" } });
  });

  it("does not call a talk ended that a new session cannot reach", () => {
    const before = play(fresh(), session({ customer: stranger, handoff: handoff() }));
    const after = play(
      before,
      session({ customer: { ...stranger, id: "cu_new" } }),
      { type: "welcome", snapshot: snapshot({ customer: stranger, handoff: null }) },
    );
    expect(ended(after)).toMatchObject({ reason: "out_of_reach", ask: false });
  });

  it("keeps the thread when a stranger signs in (S17)", () => {
    const before = play(fresh(), session({ customer: stranger, handoff: handoff() }), ...story.map(event));
    const after = play(before, session({ handoff: handoff({ version: 4, state: "connected", agent: amira }) }));
    expect([after.customer?.verified, after.timeline.length, viewOf(after)]).toEqual([true, 4, "talking"]);
  });
});

describe("outside the log", () => {
  const queue = (position: number, high: number) =>
    ({ type: "ephemeral", frame: { ev: "queue", handoff: "ho_1", position, estimate: { kind: "range", low_seconds: 60, high_seconds: high } } }) as const;

  it("names the old number when the wait grew, until it is back under it", () => {
    const grown = play(open({}), queue(2, 540));
    expect([grown.handoff?.estimate?.high_seconds, grown.promised?.high_seconds]).toEqual([540, 300]);
    expect(play(grown, queue(2, 480)).promised?.high_seconds).toBe(300);
    expect(play(grown, queue(1, 240)).promised).toBeNull();
  });

  it("shows the agent writing until the message is there", () => {
    const typing = play(open({ state: "connected", agent: amira }), { type: "ephemeral", frame: { ev: "typing", handoff: "ho_1", who: "agent" } });
    expect([typing.agent_typing, play(typing, event(said(1, "agent", "x"))).agent_typing]).toEqual([true, false]);
  });

  it("ignores signals about another handoff and its own echo", () => {
    const state = open({});
    expect(play(state, { type: "ephemeral", frame: { ev: "typing", handoff: "ho_2", who: "agent" } })).toBe(state);
    expect(play(state, { type: "ephemeral", frame: { ev: "typing", handoff: "ho_1", who: "customer" } })).toBe(state);
  });

  it("counts what was not read", () => {
    const state = play(open({}), ...story.map(event), event(said(5, "agent", "?")));
    expect([unread(state), unread(play(state, { type: "read", seq: 3 })), unread(play(state, { type: "read", seq: 5 }))]).toEqual([2, 1, 0]);
  });
});

describe("the receipt", () => {
  const receipt = { facts: [{ key: "charge", label: "Charge", value: "1", source: "observed" as const, at: "" }], steps: [], statement: null, assurance: null, name: null };

  it("follows what is added and taken back", () => {
    const added = [{ ...receipt.facts[0], value: "2" }, { ...receipt.facts[0], key: "b" }];
    const state = play(open({}), { type: "receipt", receipt }, event(entry(1, "facts.changed", { added, struck: [] })));
    expect(state.receipt?.facts.map(({ key, value }) => key + value)).toEqual(["charge2", "b1"]);
    const struck = play(state, event(entry(2, "facts.changed", { added: [], struck: [{ key: "charge", source: "observed" }] })));
    expect(struck.receipt?.facts.map(({ key }) => key)).toEqual(["b"]);
  });

  it("forgets what was said when the talk is erased, and reads emptied entries without breaking", () => {
    const talking = play(open({ state: "connected", agent: amira }), event(said(1, "agent", "secret")), { type: "receipt", receipt: { name: "Maya Chen", facts: [], steps: [], statement: "secret", assurance: null } });
    const erased = play(talking, event(entry(2, "erased", {})));
    expect([erased.timeline, erased.receipt]).toEqual([[], null]);
    expect(play(erased, event(entry(3, "handoff.changed", {})), event(entry(1, "handoff.opened", {}, "customer/cu_maya"))).handoff).toEqual(erased.handoff);
    expect(play(talking, event(entry(2, "session.changed", {}, "customer/cu_maya"))).timeline).toHaveLength(1);
  });

  it("survives an erased payload", () => {
    expect(() => play(open({}), { type: "receipt", receipt }, ...["facts.changed", "journey.recorded", "message.posted", "handoff.changed"].map((type, i) => event(entry(i + 1, type, {}))))).not.toThrow();
  });
});
