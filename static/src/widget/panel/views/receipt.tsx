/** What the agent will see, grouped by who said it; what nobody signed can be taken back. */
import type { ComponentChildren } from "preact";
import { IconDown, IconEye, IconPencil, IconQuote, Seal } from "../../../shared/icons.tsx";
import type { Fact, Receipt as ReceiptData, Step } from "../../../shared/frames.ts";
import { isFact, STEPS, stepsOf, type PanelState } from "../../state.ts";
import { assuranceWords, stepItems, valueWords } from "../../words.ts";
import type { ViewProps } from "./parts.tsx";

interface Shown extends ReceiptData {
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

interface ItemProps {
  label: string;
  children: ComponentChildren;
  gone?: boolean;
  onTake?: (() => void) | undefined;
}

function Item({ label, children, gone, onTake }: ItemProps) {
  return (
    <div class={`item${onTake || gone ? " item--open" : ""}${gone ? " item--gone" : ""}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
      {gone && <dd class="item__do meta">Taken back</dd>}
      {onTake && !gone && (
        <dd class="item__do">
          <button type="button" class="btn btn--text" aria-label={`Take back: ${label}`} onClick={onTake}>
            Take back
          </button>
        </dd>
      )}
    </div>
  );
}

function Group({ icon, title, children }: { icon: ComponentChildren; title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2 class="source">
        {icon}
        {title}
      </h2>
      <dl>{children}</dl>
    </section>
  );
}

function Steps({ steps, site }: { steps: readonly Step[]; site: string }) {
  return (
    <>
      {stepItems(steps, site).map(({ label, failed }, index) => (
        <span key={index}>
          {index > 0 && ", "}
          {label}
          {failed && <span class="alert-line"> ({failed})</span>}
        </span>
      ))}
    </>
  );
}

interface GroupProps extends ViewProps {
  data: Shown;
  facts: readonly Fact[];
}

function Facts({ data, facts, actions }: Pick<GroupProps, "data" | "facts" | "actions">) {
  return (
    <>
      {facts.map((fact) => {
        const gone = fact.source !== "verified" && data.gone.includes(fact.key);
        const mayTake = !gone && (fact.source === "observed" || fact.source === "stated");
        return (
          <Item key={fact.key} label={fact.label} gone={gone} onTake={mayTake ? () => actions.strike(fact.key, fact.source) : undefined}>
            <bdi>{valueWords(fact)}</bdi>
          </Item>
        );
      })}
    </>
  );
}

function SignedGroup({ state, actions, data, facts }: GroupProps) {
  const { name, assurance } = data;
  if (!name && !assurance && facts.length === 0) return null;
  return (
    <>
      <Group icon={<Seal verified />} title={`Signed by ${state.site.name}`}>
        {name && <Item label="Name">{name}</Item>}
        <Facts data={data} facts={facts} actions={actions} />
        {assurance && <Item label="Signed in">{assuranceWords(assurance)}</Item>}
      </Group>
      <p class="meta">Signed details always go along: they are why you need not prove who you are.</p>
    </>
  );
}

function SeenGroup({ state, actions, data, facts }: GroupProps) {
  const { steps, gone, open } = data;
  if (facts.length === 0 && steps.length === 0) return null;
  return (
    <Group icon={<IconEye />} title="Seen on this page">
      <Facts data={data} facts={facts} actions={actions} />
      {steps.length > 0 && (
        <Item label="Your steps" gone={gone.includes(STEPS)} onTake={open ? undefined : () => actions.strike(STEPS, "observed")}>
          <Steps steps={steps} site={state.site.name} />
        </Item>
      )}
    </Group>
  );
}

function StatedGroup({ actions, data, facts }: GroupProps) {
  const { statement, open } = data;
  if (!statement && facts.length === 0) return null;
  return (
    <Group icon={<IconQuote />} title="In your words">
      {statement && (
        <Item label="You wrote" onTake={open ? undefined : () => actions.draft({ statement: "" })}>
          “{statement}”
        </Item>
      )}
      <Facts data={data} facts={facts} actions={actions} />
    </Group>
  );
}

export function Receipt({ state, actions }: ViewProps) {
  const data = shown(state);
  const count = countItems(data);
  const by = (source: Fact["source"]) => ({ state, actions, data, facts: data.facts.filter((fact) => fact.source === source) });
  const desk = by("desk");
  return (
    <details class="receipt">
      <summary>
        <IconEye />
        What the agent {data.open ? "sees" : "will see"}
        <span class="meta">{count === 1 ? "1 item" : `${count} items`}</span>
        <IconDown class="ic--turn" />
      </summary>
      <div class="receipt__in">
        <SignedGroup {...by("verified")} />
        <SeenGroup {...by("observed")} />
        <StatedGroup {...by("stated")} />
        {desk.facts.length > 0 && (
          <Group icon={<IconPencil />} title="Added by the agent">
            <Facts {...desk} />
          </Group>
        )}
        {count === 0 && <p class="meta">Nothing yet: only that you asked, and what you choose above.</p>}
      </div>
    </details>
  );
}
