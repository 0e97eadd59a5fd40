import { describe, expect, test } from "vitest";
import { findReasks, readFor } from "../../../static/src/console/reask/find_reasks.ts";
import type { OnRecord } from "../../../static/src/console/reask/known.ts";
import { TABLES, answerWords } from "../../../static/src/console/reask/rules.ts";
import { isNear } from "../../../static/src/console/reask/text.ts";
import { groupsOf } from "../../../static/src/console/reask/use_guard.ts";
import labelled from "./reask_sentences.json";

type Labelled = [language: string, record: string, text: string, keys: string[]];
interface Raw { name: string | null; intent: { key: string; label: string }; statement: string | null; steps: OnRecord["journey"]["steps"]; facts: OnRecord["facts"] }
const AT = "2030-05-06T14:02:00.000Z";
const RECORDS: Record<string, OnRecord> = Object.fromEntries(Object.entries(labelled.records as unknown as Record<string, Raw>).map(([who, { name, intent, statement, steps, facts }]) => [who, {
  customer: { name, verified: name !== null }, intent, statement, opened_at: AT, journey: { steps: steps.map((step) => ({ ...step, at: AT })) }, facts: facts.map((fact) => ({ ...fact, at: AT })),
}]));
const DEVELOPMENT = labelled.development as unknown as Labelled[];
const HELD_OUT = labelled.held_out as unknown as Labelled[];
const readers = Object.fromEntries(Object.entries(RECORDS).map(([who, record]) => [who, readFor(record, TABLES)]));
const MAYA = RECORDS["maya"]!;
const keys = (text: string, record = MAYA): string[] => findReasks(text, record, TABLES).map(({ key }) => key);

interface Figures { positives: number; recall: number; falseAlarms: number; told: string }

/** A question counts as caught when everything it asks for was named; naming anything that is not asked for is a false alarm. */
function measure(set: readonly Labelled[]): Figures {
  const confusion: string[] = [];
  let [positives, caught, alarms] = [0, 0, 0];
  for (const [language, who, text, wanted] of set) {
    const hits = readers[who]!(text);
    const missed = wanted.filter((key) => !hits.some((hit) => hit.key === key));
    const extra = hits.filter(({ key }) => !wanted.includes(key));
    if (wanted.length > 0) { positives += 1; if (missed.length === 0) caught += 1; }
    if (extra.length > 0) alarms += 1;
    if (missed.length > 0) confusion.push(`missed ${missed.join(", ")} [${language}, ${who}] ${text}`);
    for (const { key, why } of extra) confusion.push(`false ${key} by ${why.language}.${why.rule} “${why.words}” [${language}, ${who}] ${text}`);
  }
  const [recall, falseAlarms] = [caught / positives, alarms / (set.length - positives)];
  return { positives, recall, falseAlarms, told: `${set.length} sentences, ${positives} re-asks, recall ${recall.toFixed(3)}, false alarms ${falseAlarms.toFixed(3)}\n${confusion.join("\n")}` };
}

describe.each([["all", [...DEVELOPMENT, ...HELD_OUT]], ["held out", HELD_OUT]] as const)("the labelled sentences, %s", (name, set) => {
  const { recall, falseAlarms, told } = measure(set);
  console.info(`${name}: ${told.split("\n")[0]}`);
  test("nearly every re-ask is found, and hardly anything else", () => {
    expect(recall, told).toBeGreaterThanOrEqual(0.9);
    expect(falseAlarms, told).toBeLessThanOrEqual(0.02);
  });
});

test("the set is large, half of it asks, and a good part of it was held out", () => {
  const all = [...DEVELOPMENT, ...HELD_OUT];
  const share = (count: number) => count / all.length;
  expect(all.length).toBeGreaterThanOrEqual(320);
  expect(all.filter(([language]) => language === "en").length).toBeGreaterThanOrEqual(180);
  expect(share(HELD_OUT.length)).toBeGreaterThanOrEqual(0.3);
  expect(share(all.filter(([, , , wanted]) => wanted.length > 0).length)).toBeCloseTo(0.5, 1);
  expect(new Set(all.map(([, who, text]) => `${who} ${text}`)).size).toBe(all.length);
});

describe("a hit", () => {
  test("says what is known, since when, and by which rule and words it was found", () => {
    expect(findReasks("Hello. Could you give me your account number?", MAYA, TABLES)).toEqual([{
      key: "account", source: "verified", label: "Account", value: "..4821", at: AT, from: 7, to: 45,
      why: { language: "en", rule: "request", words: "could you give me your account number" },
    }]);
  });

  test("is of the surest source, once for each thing", () => {
    const facts = [{ key: "phone", label: "Phone", value: "1", source: "stated" as const, at: AT }, ...MAYA.facts];
    expect(findReasks("What is your phone number? And your phone number?", { ...MAYA, facts }, TABLES).map(({ key, source }) => [key, source])).toEqual([["phone_number", "verified"]]);
  });

  test("needs a value: nothing, and no answer, is on no record", () => {
    const facts = [{ key: "account", label: "Account", value: null, source: "observed" as const, at: AT }, { key: "email", label: "Email", value: " ", source: "stated" as const, at: AT }];
    expect(keys("What is your account number and your email?", { ...MAYA, facts })).toEqual([]);
  });

  test("is found by the site's own label, whatever it is", () => {
    const facts = [{ key: "meterPoint", label: "Meter point", value: "MP-77", source: "observed" as const, at: AT }];
    expect(keys("Could you tell me your meter point?", { ...MAYA, facts })).toEqual(["meterPoint"]);
    expect(keys("Your meter point is on the bill.", { ...MAYA, facts })).toEqual([]);
  });

  test("goes with the fact: what was taken back may be asked for", () => {
    expect(keys("Which card is it?", { ...MAYA, facts: MAYA.facts.filter(({ key }) => key !== "card") })).toEqual([]);
  });

  test("of the first question is the customer's own words, or else what they chose; a choice that says nothing leaves it open", () => {
    expect(keys("How can I help you?")).toEqual(["statement"]);
    expect(keys("How can I help you?", { ...MAYA, statement: null })).toEqual(["intent"]);
    expect(keys("How can I help you?", { ...MAYA, statement: null, intent: { key: "other", label: "Something else" } })).toEqual([]);
  });
});

describe("no hit", () => {
  test.each([
    "Is the account ending 4821 still right?", "Can you confirm the card Visa ..7731?", "Is it the GBP 42.10 charge, could you confirm the amount of 42.10?", "“What is your account number?” you will be asked.",
    "> What is your account number?\nThat was them.", "I don't need your account number, thanks", "Please never send your card number", "", "   ", "???", "\u0000\u202e",
  ])("%j", (text) => expect(keys(text)).toEqual([]));

  test("comes of hostile text, and none takes long", () => {
    const long = [`${"could you please ".repeat(400)}`, `${"your account number ".repeat(300)}`, "what is ".repeat(800), "\"".repeat(4_000), ", ".repeat(2_000), "a".repeat(4_000), "ß".repeat(4_000), "“".repeat(4_000)];
    const began = performance.now();
    for (const text of long) keys(text);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("using what is known", () => {
  const used = (text: string, record = MAYA) => {
    let now = text;
    for (const { from, to, hits } of groupsOf(findReasks(text, record, TABLES)).reverse()) now = now.slice(0, from) + answerWords(hits, /,\s*$/.test(now.slice(0, from))) + now.slice(to);
    return now;
  };

  test("puts it in place of the question, and leaves the rest", () => {
    expect(used("Thank you. Could you give me your account number? I wait.")).toBe("Thank you. I have that here: account ..4821. I wait.");
    expect(used("Hi Maya, can I get your name and date of birth?")).toBe("Hi Maya, I have that here: Maya Chen, date of birth 1991-03-14.");
    expect(used("What's your email?\nWhich card is it?")).toBe("I have that here: email maya@example.com.\nI have that here: card Visa ..7731.");
  });

  test("in the language of the question", () => {
    expect(used("Guten Tag, wie lautet Ihre Kontonummer?", RECORDS["jonas"])).toBe("Guten Tag, das habe ich hier schon: Konto ..9001.");
    expect(used("¿Cuál es su número de pedido?", RECORDS["lucia"])).toBe("Eso ya lo tengo aquí: número de pedido ES-7781.");
    expect(used("ما هو رقم حسابك؟", RECORDS["huda"])).toBe("هذا لدي بالفعل: رقم الحساب ..3307.");
  });

  test("a value is put in as it is, whatever signs it has", () => {
    const facts = [{ key: "account", label: "Account", value: "$& {list} $1", source: "verified" as const, at: AT }];
    expect(used("What is your account number?", { ...MAYA, facts })).toBe("I have that here: account $& {list} $1.");
  });
});

test("one wrong letter is a slip, and another word is none", () => {
  expect([isNear("acount", "account"), isNear("numbr", "number"), isNear("nubmer", "number"), isNear("nunber", "number"), isNear("numbeer", "number")]).toEqual([true, true, true, true, true]);
  expect([isNear("orders", "order"), isNear("border", "order"), isNear("amount", "account"), isNear("number", "numeral")]).toEqual([false, false, false, false]);
  expect(keys("Shall I chance the card?")).toEqual([]);
});

test("a key in a long text with a hundred facts costs little more than in a short one", () => {
  const facts = Array.from({ length: 100 }, (_, index) => ({ key: `thing-${index}`, label: `Thing of the site ${index}`, value: `value ${index}`, source: "observed" as const, at: AT }));
  const read = readFor({ ...MAYA, facts: [...MAYA.facts, ...facts] }, TABLES);
  const cost = (before: string) => {
    read(before);
    const began = performance.now();
    for (let key = 0; key < 40; key += 1) read(`${before}Could you tell me ${"your account number".slice(0, key)}`);
    return (performance.now() - began) / 40;
  };
  const long = "I looked at this and it is all in order now. ".repeat(85);
  cost("");
  const [short, whole] = [Math.min(cost(""), cost("")), Math.min(cost(long), cost(long))];
  console.info(`a key: ${short.toFixed(2)} ms in a short text, ${whole.toFixed(2)} ms in ${long.length} characters, 108 facts`);
  // Whole sentences are kept as read: what is left over is cutting the text, whatever the machine.
  expect(whole).toBeLessThan(5 * short + 2);
});
