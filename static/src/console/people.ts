/** What to call the people on the desk. */
import type { Customer } from "./wire.ts";

/** The whole name, or who they are to us when nobody told a name. */
export function customerName(customer: Pick<Customer, "name">): string {
  return customer.name ?? "Unnamed customer";
}

/** For sentences: the first word of the name, never a guessed pronoun. */
export function shortName(customer: Pick<Customer, "name">): string {
  return customer.name?.split(/\s+/)[0] || "The customer";
}
