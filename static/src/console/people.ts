/** What to call the people on the desk. */
import { stripInvisible } from "../shared/safe_url.ts";
import type { Customer } from "./wire.ts";

/** Letters that are drawn as nothing: with one of them a single word would read like a sentence. */
const BLANK = /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u2000-\u200b\u200e\u200f\u2028\u2029\u2800\u3164\uffa0]+/g;
/** Marks and pictures belong to us: a tick in a name would pass for the seal. Joiners and selectors go with them. */
const MARKS = /[\p{So}\p{Extended_Pictographic}\u221a\ufe00-\ufe0f\u{e0000}-\u{e01ef}]/gu;
/** No script needs more signs on one letter; a tower of them would stand over the lines around it. */
const TOWER = /(\p{M}{4})\p{M}+/gu;
const NAME_LIMIT = 80;

/** A name as it may stand on the desk, whoever chose it: words and nothing that looks like ours. */
export function nameWords(name: string): string {
  const bare = stripInvisible(name.replace(BLANK, " ")).replace(MARKS, "").replace(TOWER, "$1").replace(/\s+/g, " ").trim();
  return bare.length > NAME_LIMIT ? `${bare.slice(0, NAME_LIMIT).trimEnd()}…` : bare;
}

const known = ({ name }: Pick<Customer, "name">): string => nameWords(name ?? "");

/** The whole name, or who they are to us when nobody told a name. */
export function customerName(customer: Pick<Customer, "name">): string {
  return known(customer) || "Unnamed customer";
}

/** For sentences: the first word of the name, never a guessed pronoun. A sentence of ours about "System:" or "You" must not be begun by the customer. */
export function shortName(customer: Pick<Customer, "name">): string {
  return firstName(customer) || "The customer";
}

/** The same two, where the sentence has begun already. */
export const customerWithin = (customer: Pick<Customer, "name">): string => known(customer) || "the customer";
export const shortWithin = (customer: Pick<Customer, "name">): string => firstName(customer) || "the customer";

/** One word cannot say that somebody joined; a word that is no name, or means the reader, is left out. */
const WORD_LIMIT = 30;
const NO_NAME = /^(?:you|system|note)$|[^\p{L}\p{M}\p{N}\u200c\u200d'’·.-]/iu;

function firstName(customer: Pick<Customer, "name">): string {
  const word = (known(customer).split(" ")[0] ?? "").replace(/[,;:!?…]+$/, "");
  if (NO_NAME.test(word)) return "";
  return word.length > WORD_LIMIT ? `${word.slice(0, WORD_LIMIT)}…` : word;
}
