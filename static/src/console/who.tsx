/** A customer's name with the mark of whether somebody signed for it. */
import type { ComponentChildren } from "preact";
import { stripInvisible } from "../shared/safe_url.ts";
import { Seal } from "../shared/icons.tsx";
import { customerName } from "./people.ts";
import type { Customer } from "./wire.ts";

export function Who({ customer }: { customer: Customer }): ComponentChildren {
  return (
    <>
      <bdi class="cut">{stripInvisible(customerName(customer))}</bdi>
      <Seal verified={customer.verified} />
      <span class="vh">{customer.verified ? "verified" : "not verified"}</span>
    </>
  );
}
