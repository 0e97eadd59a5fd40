/** Where one writes; never disabled by a lost line. */
import { texts } from "@texts/later";
import { IconSend } from "../../../shared/icons.tsx";
import { excess, overflows } from "../../length.ts";
import { files } from "./exports.ts";
import { Room } from "./room.tsx";
import type { ViewProps } from "./parts.tsx";

export function Composer({ state, actions, label }: ViewProps & { label: string }) {
  const { handoff } = state;
  const attached = handoff?.channel === "chat" && handoff.state !== "wrap_up" ? files() : null;
  const send = (form: HTMLFormElement | null) => {
    // What is too long is refused, and its files stay where they are.
    const carried = handoff && excess(state.text) === 0 ? (attached?.take(handoff.id) ?? []) : [];
    if (state.text.trim() || carried.length > 0) actions.send(carried);
    form?.querySelector("textarea")?.focus();
  };
  return (
    <>
      {handoff && attached && <attached.Tray handoff={handoff.id} />}
      <form
        class="pen"
        onSubmit={(event) => {
          event.preventDefault();
          send(event.currentTarget);
        }}
      >
        {handoff && attached && <attached.Attach handoff={handoff.id} />}
        <label class="vh" for="pen">
          {label}
        </label>
        <textarea
          class="input"
          id="pen"
          rows={1}
          placeholder={label}
          value={state.text}
          onBeforeInput={(event) => {
            if (!overflows(event, event.currentTarget)) return;
            event.preventDefault();
            actions.tooMuch();
          }}
          onInput={({ currentTarget }) => actions.write(currentTarget.value)}
          onKeyDown={(event) => {
            // Safari tells of the Enter that confirms a suggestion after the composition, and marks it by its code alone.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
            event.preventDefault();
            send(event.currentTarget.form);
          }}
        />
        <button type="submit" class="btn btn--primary" aria-label={texts.send}>
          <IconSend class="flip" />
        </button>
      </form>
      <Room text={state.text} />
      {state.text && state.line !== "live" && !state.fleeting && <p class="draft">{texts.draftKept}</p>}
    </>
  );
}
