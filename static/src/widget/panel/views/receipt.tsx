/** What the agent will see, grouped by who said it; what nobody signed can be taken back. */
import { texts } from "@texts/core";
import { IconDown, IconEye } from "../../../shared/icons.tsx";
import type { Fact, Receipt as ReceiptData } from "../../../shared/frames.ts";
import { isFact, STEPS, stepsOf, type PanelState } from "../../state.ts";
import { later } from "./lazy.ts";
import type { ViewProps } from "./parts.tsx";

export interface Shown extends ReceiptData {
  /** Taken back before anything was sent: still shown, struck through. */
  gone: readonly string[];
  open: boolean;
}

/** Before the click the receipt is made from what would be sent; after it, from what the server holds. */
export function shown({ customer, signed, page, draft, handoff, receipt }: PanelState): Shown {
  if (handoff && receipt) return { ...receipt, gone: [], open: true };
  const facts: Fact[] = page.entries.filter(isFact).map((fact) => ({ ...fact, source: "observed" }));
  return {
    name: customer?.name ?? null,
    assurance: customer?.assurance ?? null,
    statement: draft.statement.trim() || null,
    facts: [...signed, ...facts],
    steps: stepsOf(page.entries),
    gone: draft.struck,
    open: false,
  };
}

export function countItems({ name, assurance, facts, steps, statement, gone }: Shown): number {
  const kept = facts.filter(({ key, source }) => source === "verified" || !gone.includes(key)).length;
  const others = [name, assurance, statement, steps.length > 0 && !gone.includes(STEPS)];
  return kept + others.filter(Boolean).length;
}

export function Receipt({ state, actions }: ViewProps) {
  const data = shown(state);
  const count = countItems(data);
  const Body = later()?.ReceiptBody;
  return (
    <details class="receipt" onToggle={({ currentTarget }) => currentTarget.open && currentTarget.scrollIntoView()}>
      <summary>
        <IconEye />
        {data.open ? texts.sees : texts.willSee}
        <span class="meta">{texts.items(count)}</span>
        <IconDown class="ic--turn" />
      </summary>
      {Body && <Body state={state} actions={actions} data={data} count={count} />}
    </details>
  );
}
