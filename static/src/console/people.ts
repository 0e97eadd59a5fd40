/** What to call the people on the desk. */
import type { Customer } from "./wire.ts";

/** The whole name, or who they are to us when nobody told a name. */
export function customerName(customer: Pick<Customer, "name">): string {
  return customer.name ?? "Unnamed customer";
}

/** For sentences: the first word of the name, never a guessed pronoun. */
export function shortName(customer: Pick<Customer, "name">): string {
  return firstName(customer) || "The customer";
}

/** The same two, where the sentence has begun already. */
export const customerWithin = ({ name }: Pick<Customer, "name">): string => name ?? "the customer";
export const shortWithin = (customer: Pick<Customer, "name">): string => firstName(customer) || "the customer";

const firstName = ({ name }: Pick<Customer, "name">): string | undefined => name?.split(/\s+/)[0];
