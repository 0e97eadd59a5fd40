/** The receipt unfolded, and the end of a talk. */
import { texts } from "@texts/later";
import type { ComponentChildren } from "preact";
import type { Fact, Step } from "../../../shared/frames.ts";
import { STEPS, type Ended as EndedData, type PanelState } from "../../state.ts";
import { endingWords, mayAskAgain } from "../../endings.ts";
import { assuranceWords, valueWords } from "../../sign_in.ts";
import { num, told } from "../../language.ts";
import { stripInvisible } from "../../../shared/safe_url.ts";
import { tell } from "../../story.ts";
import { stepItems } from "../../wait.ts";
import { IconPencil, IconQuote } from "../../../shared/icons.tsx";
import { clock, firstName, IconCheck, IconEye, isLeft, messages, Seal, Trouble, unsentWords } from "./exports.ts";
import { LogItems } from "./log.tsx";
import type { ViewProps } from "./parts.tsx";
import type { Shown } from "./receipt.tsx";

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
      {gone && <dd class="item__do meta">{texts.takenBack}</dd>}
      {onTake && !gone && (
        <dd class="item__do">
          <button type="button" class="btn btn--text" aria-label={texts.takeBackWhat(label)} onClick={onTake}>
            {texts.takeBack}
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
          {index > 0 && texts.comma}
          <bdi>{label}</bdi>
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

/** The claims of a sign-in are named by the server, everything else by the site. */
const labelOf = ({ key, source, label }: Fact): string => (source === "verified" ? told(texts.claims, key) : undefined) ?? label;

function Facts({ data, facts, actions }: Pick<GroupProps, "data" | "facts" | "actions">) {
  return (
    <>
      {facts.map((fact) => {
        const gone = fact.source !== "verified" && data.gone.includes(fact.key);
        const mayTake = !gone && (fact.source === "observed" || fact.source === "stated");
        return (
          <Item key={fact.key} label={labelOf(fact)} gone={gone} onTake={mayTake ? () => actions.strike(fact.key, fact.source) : undefined}>
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
      <Group icon={<Seal verified />} title={texts.signedBy(state.site.name)}>
        {name && <Item label={texts.name}><bdi>{name}</bdi></Item>}
        <Facts data={data} facts={facts} actions={actions} />
        {assurance && <Item label={texts.signedIn}>{assuranceWords(assurance)}</Item>}
      </Group>
      <p class="meta">{texts.signedWhy}</p>
    </>
  );
}

function SeenGroup({ state, actions, data, facts }: GroupProps) {
  const { steps, gone, open } = data;
  if (facts.length === 0 && steps.length === 0) return null;
  return (
    <Group icon={<IconEye />} title={texts.seenHere}>
      <Facts data={data} facts={facts} actions={actions} />
      {steps.length > 0 && (
        <Item label={texts.yourSteps} gone={gone.includes(STEPS)} onTake={open ? undefined : () => actions.strike(STEPS, "observed")}>
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
    <Group icon={<IconQuote />} title={texts.inYourWords}>
      {statement && (
        <Item label={texts.wrote} onTake={open ? undefined : () => actions.draft({ statement: "" })}>
          {texts.quoted(statement)}
        </Item>
      )}
      <Facts data={data} facts={facts} actions={actions} />
    </Group>
  );
}

export function ReceiptBody({ state, actions, data, count }: ViewProps & { data: Shown; count: number }) {
  const by = (source: Fact["source"]) => ({ state, actions, data, facts: data.facts.filter((fact) => fact.source === source) });
  const desk = by("desk");
  return (
    <div class="receipt__in">
      <SignedGroup {...by("verified")} />
      <SeenGroup {...by("observed")} />
      <StatedGroup {...by("stated")} />
      {desk.facts.length > 0 && (
        <Group icon={<IconPencil />} title={texts.addedByAgent}>
          <Facts {...desk} />
        </Group>
      )}
      {count === 0 && <p class="meta">{texts.nothingYet}</p>}
    </div>
  );
}

function Scale({ effort, onPick }: { effort: number | null; onPick(effort: number): void }) {
  return (
    <fieldset class="stack">
      <legend class="head-s">{texts.howEasy}</legend>
      <div class="scale">
        {[1, 2, 3, 4, 5, 6, 7].map((value) => (
          <label key={value} class="pick pick--n">
            <input type="radio" name="effort" checked={effort === value} onChange={() => onPick(value)} />
            <span>{num(value)}</span>
          </label>
        ))}
      </div>
      <div class="scale-ends">
        <span>{texts.veryHard}</span>
        <span>{texts.veryEasy}</span>
      </div>
    </fieldset>
  );
}

function Survey({ state, actions }: ViewProps) {
  const { effort, comment } = state.form;
  const ready = effort !== null && !state.busy;
  return (
    <>
      <Scale effort={effort} onPick={(value) => actions.fill({ effort: value })} />
      <div>
        <label class="label" for="comment">
          {texts.whyEasy}
        </label>
        <textarea class="input" id="comment" rows={3} maxLength={2000} value={comment} onInput={({ currentTarget }) => actions.fill({ comment: currentTarget.value })} />
      </div>
      <div class="row">
        <button type="button" class="btn btn--text" onClick={() => actions.again()}>
          {texts.skip}
        </button>
        <button type="button" class="btn btn--primary" aria-disabled={!ready} onClick={() => void (ready && actions.rate(effort, comment))}>
          {texts.send}
        </button>
      </div>
    </>
  );
}

function Rated({ name }: { name: string | null | undefined }) {
  const first = firstName(name);
  return (
    <div class="center stack" role="status">
      <IconCheck class="tick" />
      <h1 class="hello" tabIndex={-1} data-focus>
        {first ? texts.thanksName(first) : texts.thanks}
      </h1>
      <p class="sub">{texts.comesBack}</p>
    </div>
  );
}

/** What was asked: somebody's call, a message left for the opening hours, or a place in the line. */
const wayOf = ({ handoff, intents }: PanelState): string | null =>
  handoff && isLeft({ handoff: { ...handoff, state: "queued" }, intents }) ? "left" : (handoff?.channel ?? null);

function Words({ state, data, unsent }: { state: PanelState; data: EndedData; unsent: boolean }) {
  const last = data.ask && messages(state).findLast(({ data: { author, text } }) => author.kind === "agent" && text);
  return (
    <div class="stack">
      <h1 class="hello" tabIndex={-1} data-focus>
        {endingWords(data, wayOf(state))}
      </h1>
      {last && (
        <blockquote>
          <p class="msg__who">{texts.wroteAt(last.data.author.name ?? texts.unnamedAgent, clock(last.at))}</p>
          <p class="sub clip" dir="auto">
            {stripInvisible(last.data.text)}
          </p>
        </blockquote>
      )}
      {mayAskAgain(data) && !unsent && <p class="sub">{texts.anyTime}</p>}
      {unsent && <p class="sub">{texts.unsentKept}</p>}
    </div>
  );
}

export function EndedBody({ state, actions, data }: ViewProps & { data: EndedData }) {
  return (
    <>
      {!state.rated && <Words state={state} data={data} unsent={unsentWords(state) !== ""} />}
      <Trouble state={state} />
      {state.rated ? <Rated name={state.customer?.name} /> : data.ask && <Survey state={state} actions={actions} />}
      {(tell(state).length > 0 || (!state.handoff && state.recent)) && (
        <details class="receipt" onToggle={() => void actions.recall()}>
          <summary>{texts.readTalk}</summary>
          <ol class="log__list receipt__in">
            <LogItems state={state} actions={actions} />
          </ol>
        </details>
      )}
    </>
  );
}
