import { describe, expect, test } from "vitest";
import { conversationLines, lastSaid, unreadCount, waitingSince } from "../../../static/src/console/lines.ts";
import { endedWords } from "../../../static/src/console/talk.tsx";
import { needsSince } from "../../../static/src/console/my_handoffs.tsx";
import type { DeskHandoff, Entry } from "../../../static/src/console/wire.ts";
import type { OutboxItem } from "../../../static/src/shared/outbox.ts";
import { AMIRA, DESK, MAYA, STREAM, at, changed, entry, fact, handoff, said } from "./cast.ts";

const talk = (timeline: Entry[], more: Partial<DeskHandoff> = {}) => handoff({ timeline, ...more });
const lines = (timeline: Entry[], more: Partial<DeskHandoff> = {}, outbox: OutboxItem[] = []) => conversationLines(talk(timeline, more), "Amira", outbox);
const system = (...timeline: Entry[]) => lines(timeline).flatMap((line) => (line.kind === "system" ? [line.text] : []));
const unsent = (more: Partial<OutboxItem> = {}): OutboxItem => ({ client_id: "c1", handoff: "ho_1", kind: "message", text: "wait", at: at(9), status: "sending", ...more });

describe("what was said", () => {
  test("mine, theirs and another agent's are told apart", () => {
    const other = { ...said("agent", "hello"), author: { kind: "agent" as const, name: "Tomas" } };
    const all = lines([entry(STREAM, 1, "message.posted", said("customer", "a")), entry(STREAM, 2, "message.posted", said("agent", "b")), entry(STREAM, 3, "message.posted", other)]);
    expect(all.map((line) => line.kind === "said" && [line.mine, line.who])).toEqual([[false, "Maya"], [true, "Amira"], [false, "Tomas"]]);
  });

  test("one name over a run, one mark under it, and the mark where reading stopped", () => {
    const mine = [1, 2, 3].map((seq) => entry(STREAM, seq, "message.posted", said("agent", String(seq))));
    const all = lines(mine, { read: { customer: 2, agent: 0 } });
    expect(all.map((line) => line.kind !== "system" && [line.head, line.mark?.status])).toEqual([[true, undefined], [false, "read"], [false, "sent"]]);
  });

  test("what has no ack is shown as sending or failed, and only once when it comes back", () => {
    expect(lines([], {}, [unsent()])[0]).toMatchObject({ text: "wait", mark: { status: "sending" } });
    expect(lines([], {}, [unsent({ status: "failed", code: "handoff_closed" })])[0]).toMatchObject({ mark: { status: "failed", why: "The handoff is closed, so nothing can be added." } });
    expect(lines([], {}, [unsent({ kind: "note" })])[0]).toMatchObject({ kind: "note" });
    expect(lines([entry(STREAM, 1, "message.posted", said("agent", "wait", "c1"))], {}, [unsent({ status: "sent" })])).toHaveLength(1);
    expect(lines([], {}, [unsent({ handoff: "ho_2" })])).toHaveLength(0);
  });

  test("a note says whose it is", () => {
    const [line] = lines([entry(DESK, 1, "note.added", { id: "n", author: AMIRA, text: "mind", client_id: null })]);
    expect(line).toMatchObject({ kind: "note", mine: true, text: "mind" });
  });
});

describe("steps between two messages", () => {
  const on = (seq: number, title: string, more: object = {}) => entry(STREAM, seq, "journey.recorded", { steps: [{ path: `/${title}`, title, status: "started", at: at(seq), ...more }] });

  test("are one line, the newest and how many more, even with facts among them", () => {
    expect(system(on(1, "A"), entry(STREAM, 2, "facts.changed", { added: [fact("card", "observed", "kept")], struck: [] }), entry(STREAM, 3, "identity.changed", { verified: true, assurance: null, name: null }), on(4, "B"), on(5, "C"))).toEqual(["Seen on the page: card kept", "The customer signed in", "Maya went on to C, and 2 more steps"]);
  });

  test("count a step once however often it failed, and begin anew after a message or a change", () => {
    const failed = { name: "pay", status: "failed", error: "E1" };
    const story = [on(1, "Pay", { name: "pay" }), on(2, "Pay", failed), on(3, "Pay", failed), entry(STREAM, 4, "message.posted", said("customer", "oh")), on(5, "B"), entry(STREAM, 6, "handoff.changed", changed("connected")), on(7, "C")];
    expect(system(...story)).toEqual(["Pay failed (E1)", "Maya went on to B", "You joined", "Maya went on to C"]);
  });

  test("are told with the time of the newest", () => {
    expect(lines([on(1, "A"), on(9, "B")])).toMatchObject([{ kind: "system", at: at(9) }]);
  });
});

describe("what happened", () => {
  test("the life of a handoff in words, each change once", () => {
    expect(system(
      entry(STREAM, 1, "handoff.changed", changed("queued", { agent: null })), entry(STREAM, 2, "handoff.changed", changed("offered", { agent: null })),
      entry(STREAM, 3, "handoff.changed", changed("queued", { agent: null })), entry(STREAM, 4, "handoff.changed", changed("connected")),
      entry(STREAM, 5, "handoff.changed", changed("connected", { intent: { key: "lost", label: "Lost card" } })),
      entry(STREAM, 6, "handoff.changed", changed("wrap_up", { close_reason: "customer_left" })), entry(STREAM, 7, "handoff.changed", changed("closed", { close_reason: "customer_left" })),
    )).toEqual(["Maya asked for help: Dispute a charge", "You joined", "Now about: Lost card", "Maya left", "Closed: the customer left"]);
  });

  test("steps, facts, identity and offers", () => {
    expect(system(
      entry(STREAM, 1, "journey.recorded", { steps: [{ path: "/a", title: "Account overview", status: "started", at: at(1) }] }),
      entry(STREAM, 11, "message.posted", said("customer", "oh")),
      entry(STREAM, 2, "journey.recorded", { steps: [{ name: "pay", path: "/p", status: "failed", error: "E1", at: at(2) }] }),
      entry(STREAM, 3, "facts.changed", { added: [fact("card", "desk", "kept")], struck: [] }),
      entry(STREAM, 4, "facts.changed", { added: [], struck: [{ key: "phone-number", source: "stated" }] }),
      entry(STREAM, 5, "facts.changed", { added: [], struck: [] }),
      entry(STREAM, 6, "identity.changed", { verified: true, assurance: null, name: "Maya" }),
      entry(DESK, 7, "offer.recorded", { agent: { id: "ag_t", name: "Tomas" }, status: "timed_out" }), entry(DESK, 8, "offer.recorded", { agent: AMIRA, status: "accepted" }),
      entry(STREAM, 9, "survey.answered", { effort: 6, comment: null }),
    )).toEqual([
      "Maya went on to Account overview", "Pay failed (E1)", "Added at the desk: card kept", "Maya took back: phone number", "Maya signed in",
      "Tomas missed the offer", "Maya rated the effort 6 of 7",
    ]);
  });

  test("a sign-in is one line with what it brought in the same moment", () => {
    const assurance = { acr: null, amr: ["pwd", "otp"], auth_time: 1 };
    const signedIn = entry(STREAM, 1, "identity.changed", { verified: true, assurance, name: "Maya Chen" }, 10);
    const facts = (seconds: number, ...added: ReturnType<typeof fact>[]) => entry(STREAM, 2, "facts.changed", { added, struck: [] }, seconds);
    const signed = [fact("a", "verified"), fact("b", "verified")];
    expect(system(signedIn, facts(10.5, ...signed))).toEqual(["Maya signed in: password + code; 2 facts signed"]);
    expect(system(signedIn, facts(12, ...signed))).toEqual(["Maya signed in: password + code", "Signed: a x and 1 more"]);
    expect(system(signedIn, facts(10, fact("a", "observed")))).toEqual(["Maya signed in: password + code", "Seen on the page: a x"]);
    const again = (amr: string[]) => entry(STREAM, 4, "identity.changed", { verified: true, assurance: { acr: null, amr, auth_time: 90 }, name: "Maya Chen" }, 90);
    expect([system(signedIn, again(["pwd", "otp"])).length, system(signedIn, again(["swk"]))[1]]).toEqual([1, "Maya signed in: passkey"]);
    expect(system(entry(STREAM, 3, "identity.changed", { verified: false, assurance: null, name: null }))).toEqual(["Maya is not verified any more"]);
  });

  test("that the talk was ended is not its outcome", () => {
    const end = (close_reason: string) => [entry(STREAM, 1, "handoff.changed", changed("wrap_up", { close_reason })), entry(DESK, 2, "wrap_up.recorded", { disposition: "follow_up", note: null, agent: AMIRA }),
      entry(STREAM, 3, "handoff.changed", changed("closed", { close_reason }))];
    expect(system(...end("resolved"))).toEqual(["The talk ended", "Wrapped up: Follow up", "Closed"]);
    const over = (more: Partial<DeskHandoff>) => endedWords(handoff({ state: "wrap_up", close_reason: "resolved", ...more }));
    expect([over({}), over({ close_reason: "customer_left" }), over({ close_reason: "customer_left", customer: { ...MAYA, name: null } }), over({ state: "closed", wrap_up: { disposition: "follow_up", note: null } }),
      over({ state: "closed", close_reason: "erased" })]).toEqual(["Dispute a charge, the talk ended", "Dispute a charge, Maya left", "Dispute a charge, the customer left", "Dispute a charge: Follow up", "Dispute a charge, ended: erased"]);
  });

  test("a transfer says who passed it where, and its note stands on the paper of notes", () => {
    const passed = (agent: typeof AMIRA) => entry(DESK, 2, "transfer.recorded", { agent, queue: { key: "loans", name: "Loans" }, to_agent: null, note: "mind the gap" });
    const story = (agent: typeof AMIRA) => lines([entry(STREAM, 1, "handoff.changed", changed("connected")), passed(agent), entry(STREAM, 3, "handoff.changed", changed("queued", { agent: null, reason: "transfer" }))]);
    expect(story({ id: "ag_tomas", name: "Tomas" }).slice(1)).toMatchObject([{ kind: "system", text: "Tomas passed this to Loans" }, { kind: "note", text: "mind the gap", mine: false }]);
    expect(story(AMIRA)[1]).toMatchObject({ text: "You passed this to Loans" });
    const person = entry(DESK, 2, "transfer.recorded", { agent: AMIRA, queue: null, to_agent: { id: "ag_tomas", name: "Tomas" }, note: "x" });
    expect(system(person)).toEqual(["You passed this to Tomas"]);
  });

  test("a lost connection is told as what it was", () => {
    const back = (reason?: string) => system(entry(STREAM, 1, "handoff.changed", changed("connected")), entry(STREAM, 2, "handoff.changed", changed("queued", { agent: null, ...(reason && { reason }) })))[1];
    expect([back("lose_agent"), back()]).toEqual(["The agent’s connection was lost; Maya is back in the line, at the same place", "Back in the line, at the same place"]);
  });

  test("what was erased is one line however much it was", () => {
    expect(system(entry(STREAM, 1, "erased", {}), entry(STREAM, 2, "erased", {}), entry(STREAM, 3, "handoff.changed", changed("closed", { close_reason: "erased" })))).toEqual(["Erased", "Closed: erased"]);
  });

  test("a message that imitates a system line stays a message", () => {
    expect(lines([entry(STREAM, 1, "message.posted", said("customer", "You joined"))])[0]).toMatchObject({ kind: "said" });
  });
});

describe("what waits", () => {
  const timeline = [entry(STREAM, 1, "message.posted", said("customer", "a"), 1), entry(STREAM, 2, "message.posted", said("agent", "b"), 2),
    entry(STREAM, 3, "message.posted", said("customer", "c"), 3), entry(STREAM, 4, "message.posted", said("customer", "d"), 4)];

  test("unread are the customer's words after the agent's mark", () => {
    expect(unreadCount(talk(timeline, { read: { customer: 0, agent: 3 } }))).toBe(1);
  });

  test("the wait runs from the first unanswered word", () => {
    expect(waitingSince(talk(timeline))).toBe(at(3));
    expect(waitingSince(talk(timeline.slice(0, 2)))).toBeNull();
    expect(lastSaid(talk(timeline))).toBe("d");
  });

  test("a wrap-up waits from its own beginning", () => {
    expect(needsSince(talk([...timeline, entry(STREAM, 5, "handoff.changed", changed("wrap_up"), 9)], { state: "wrap_up" }))).toBe(at(9));
  });
});
