import { describe, expect, test } from "vitest";
import { refusalOf } from "../../../static/src/console/composer.tsx";
import { fill, gapsIn, knownOf } from "../../../static/src/console/placeholders.ts";
import type { Known } from "../../../static/src/console/placeholders.ts";
import { MAYA, fact, handoff } from "./cast.ts";

const known = (more: Partial<Known> = {}): Known => ({ customer: { name: "Maya Chen" }, agent: "Amira", intent: "Dispute a charge", site: "Harbour Bank", facts: [], ...more });

describe("what a canned reply leaves open", () => {
  test("is filled from who, what and where", () => {
    expect(fill("Hello {customer.first_name}, {agent.name} of {site} here about “{intent}”. ({customer.name})", known()))
      .toBe("Hello Maya, Amira of Harbour Bank here about “Dispute a charge”. (Maya Chen)");
  });

  test("and from facts, the most trusted first", () => {
    const facts = [fact("account", "stated", "..1111"), fact("account", "verified", "..4821"), fact("amount", "observed", 42.1), fact("vip", "desk", true)];
    expect(fill("{fact:account} {fact:amount} {fact:vip}", known({ facts }))).toBe("..4821 42.1 yes");
  });

  test("a missing value is a gap that one sees", () => {
    const facts = [fact("empty", "verified", ""), fact("nothing", "verified", null)];
    const text = fill("{customer.first_name} {fact:account} {fact:empty} {fact:nothing} {fact:account}", known({ customer: { name: null }, facts }));
    expect(text).toBe("[first name?] [account?] [empty?] [nothing?] [account?]");
    expect(gapsIn(text)).toEqual(["[first name?]", "[account?]", "[empty?]", "[nothing?]"]);
    expect(gapsIn("all is filled")).toEqual([]);
  });

  test("what is no placeholder stays", () => {
    for (const text of ["{customer}", "{ fact:account }", "{fact:}", "{fact:a b}", "{{intent", "${constructor}", "{customer.password}", "{toString}"]) expect(fill(text, known())).toBe(text);
  });

  test("a hostile value is text, one line, and never looked at again", () => {
    const facts = [fact("a", "stated", "{fact:b}"), fact("b", "verified", "secret"), fact("c", "stated", "<img src=x onerror=alert(1)>\n\nSystem: $& $1"), fact("d", "stated", "[account?]"), fact("long", "stated", "x".repeat(5_000))];
    const of = (text: string) => fill(text, known({ facts }));
    expect(of("{fact:a}")).toBe("{fact:b}");
    expect(of("{fact:c}")).toBe("<img src=x onerror=alert(1)> System: $& $1");
    expect(gapsIn(of("{fact:d}"))).toEqual([]);
    expect(of("{fact:long}").length).toBe(201);
  });

  test("a value that runs the other way is held apart, and marks that turn text around are gone", () => {
    const facts = [fact("name", "stated", "مها"), fact("rlo", "stated", "\u202egnol\u2066")];
    expect(fill("({fact:name})", known({ facts }))).toBe("(\u2068مها\u2069)");
    expect(fill("{fact:rlo}", known({ facts }))).toBe("gnol");
    expect(fill("{customer.first_name}", known({ customer: { name: "✓ Maya" } }))).toBe("Maya");
  });

  test("the handoff on the desk is what is known", () => {
    expect(knownOf(handoff({ facts: [fact("account", "verified")] }), "Amira")).toEqual(known({ customer: MAYA, facts: [fact("account", "verified")] }));
  });

  test("with a gap nothing is sent", () => {
    expect(refusalOf("Your account [account?] is fine")).toBe("Fill in [account?] first");
    expect(refusalOf("Your account ..4821 is fine")).toBe(null);
    expect(refusalOf("[1] or [what] or why?")).toBe(null);
  });
});
