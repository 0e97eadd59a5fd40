/** Where one writes; never disabled by a lost line. */
import { IconSend } from "../../../shared/icons.tsx";
import type { ViewProps } from "./parts.tsx";

export function Composer({ state, actions, label }: ViewProps & { label: string }) {
  const send = (form: HTMLFormElement | null) => {
    if (state.text.trim()) actions.send();
    form?.querySelector("textarea")?.focus();
  };
  return (
    <>
      <form
        class="pen"
        onSubmit={(event) => {
          event.preventDefault();
          send(event.currentTarget);
        }}
      >
        <label class="vh" for="pen">
          {label}
        </label>
        <textarea
          class="input"
          id="pen"
          rows={1}
          maxLength={4000}
          placeholder={label}
          value={state.text}
          onInput={({ currentTarget }) => actions.write(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send(event.currentTarget.form);
          }}
        />
        <button type="submit" class="btn btn--primary" aria-label="Send">
          <IconSend class="flip" />
        </button>
      </form>
      {state.text && state.line !== "live" && <p class="draft">Draft kept on this device</p>}
    </>
  );
}
