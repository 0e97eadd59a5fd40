/** A customer's name with the mark of whether somebody signed for it. */
import type { ComponentChildren } from "preact";
import { stripInvisible } from "../shared/safe_url.ts";
import { Seal } from "../shared/icons.tsx";
import { customerName } from "./people.ts";
import type { Customer } from "./wire.ts";

/** `sure` is false while a voice on the phone is not proved to be the customer's. */
export function Who({ customer, sure = true }: { customer: Customer; sure?: boolean }): ComponentChildren {
  const verified = customer.verified && sure;
  return (
    <>
      <bdi class="cut">{stripInvisible(customerName(customer))}</bdi>
      <Seal verified={verified} />
      <span class="vh">{verified ? "verified" : customer.verified ? "caller not confirmed" : "not verified"}</span>
    </>
  );
}
