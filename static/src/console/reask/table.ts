/** What the guard knows of a language: plain data, one file a language. Every text stands as `fold` leaves it: lower case, without accents. */

/** What may be asked for, whatever it is called and whatever the site's key for it is. */
export type Concept =
  | "name" | "birthdate" | "account" | "customer" | "phone" | "email" | "address" | "postcode" | "card" | "charge" | "amount" | "order" | "invoice" | "contract" | "tracking" | "reference"
  | "device" | "browser" | "plan" | "serial" | "reason" | "journey" | "statement" | "error";

/** A way of asking: what stands before the thing, and where it matters what follows. Patterns are regular expressions. */
export interface Rule {
  readonly id: string;
  readonly before: string;
  /** Without it, only the end or one of the table's `tail` may follow. */
  readonly after?: string;
  /** Nothing (no "your", no "full") may stand between. */
  readonly close?: true;
  /** Only for what is said or written down: a number, an address, a date. A card can be had, its number is told. */
  readonly told?: true;
}

/** A question that asks for something without naming it: "Who am I speaking to?". */
export interface Idiom { readonly id: string; readonly concept: Concept; readonly says: string }

export interface Table {
  readonly language: string;
  readonly nouns: Readonly<Partial<Record<Concept, readonly string[]>>>;
  /** What may stand between the asking and the thing: "your", "full". Ends with the space after it. */
  readonly slot: string;
  /** Between two things that are asked for together. */
  readonly join: string;
  /** What may follow a thing that is asked for; "your account balance" asks for something else. */
  readonly tail: string;
  readonly told: string;
  readonly rules: readonly Rule[];
  readonly idioms: readonly Idiom[];
  /** Takes the asking back when it stands before the thing, in the same part of the sentence: "no need to". */
  readonly vetoes: string;
  /** The same anywhere in that part of the sentence, where a language says no at its end. */
  readonly vetoesAround?: string;
  /** What a thing alone may follow, and what makes it a question without a mark. */
  readonly greeting: string;
  readonly please: string;
  /** Words of the rules that a finger may miss by a letter, beside the things themselves. */
  readonly typed: readonly string[];
  /** Words a typing error away from one of ours, and no error. */
  readonly alike: readonly string[];
  /** A sentence that uses what is known instead of asking: `{list}`. */
  readonly known: string;
}
