/** After: one question, one optional line, and the way back in. */
import { IconCheck } from "../../../shared/icons.tsx";
import { ended, unsentWords, type Ended as EndedData } from "../../state.ts";
import { tell } from "../../story.ts";
import { endingWords, firstName } from "../../words.ts";
import { LogItems } from "./log.tsx";
import { Trouble, View, type ViewProps } from "./parts.tsx";

function Scale({ effort, onPick }: { effort: number | null; onPick(effort: number): void }) {
  return (
    <fieldset class="stack">
      <legend class="head-s">How easy was it to get this done?</legend>
      <div class="scale">
        {[1, 2, 3, 4, 5, 6, 7].map((value) => (
          <label key={value} class="pick pick--n">
            <input type="radio" name="effort" checked={effort === value} onChange={() => onPick(value)} />
            <span>{value}</span>
          </label>
        ))}
      </div>
      <div class="scale-ends">
        <span>1 very hard</span>
        <span>7 very easy</span>
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
          What made it so? (optional)
        </label>
        <textarea class="input" id="comment" rows={3} maxLength={2000} value={comment} onInput={({ currentTarget }) => actions.fill({ comment: currentTarget.value })} />
      </div>
      <div class="row">
        <button type="button" class="btn btn--text" onClick={() => actions.again()}>
          Skip
        </button>
        <button type="button" class="btn btn--primary" aria-disabled={!ready} onClick={() => void (ready && actions.rate(effort, comment))}>
          Send
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
      <p class="hello">{first ? `Thank you, ${first}` : "Thank you"}</p>
      <p class="sub">If it comes back to you, ask here again: we’ll know about today.</p>
    </div>
  );
}

function Words({ data, unsent }: { data: EndedData; unsent: boolean }) {
  return (
    <div class="stack">
      <h1 class="hello" tabIndex={-1} data-focus>
        {endingWords(data)}
      </h1>
      {unsent && <p class="sub">What you had written is kept. Start again and it goes along.</p>}
    </div>
  );
}

export function Ended({ state, actions }: ViewProps) {
  const data = ended(state);
  if (!data) return null;
  return (
    <View state={state} actions={actions} sub={(state.handoff ?? state.recent)?.intent.label}>
      <div class="body">
        <Words data={data} unsent={unsentWords(state) !== ""} />
        <Trouble state={state} />
        {state.rated ? <Rated name={state.customer?.name} /> : data.ask && <Survey state={state} actions={actions} />}
        {tell(state).length > 0 && (
          <details class="receipt">
            <summary>Read the conversation</summary>
            <ol class="log__list receipt__in">
              <LogItems state={state} actions={actions} />
            </ol>
          </details>
        )}
      </div>
      <div class="foot">
        <button type="button" class={data.ask ? "btn" : "btn btn--primary"} onClick={() => actions.again()}>
          Ask about something else
        </button>
      </div>
    </View>
  );
}
