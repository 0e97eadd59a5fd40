/** After: one question, one optional line, and the way back in. */
import { ended } from "../../state.ts";
import { later } from "./lazy.ts";
import { View, type ViewProps } from "./parts.tsx";

export function Ended({ state, actions }: ViewProps) {
  const data = ended(state);
  if (!data) return null;
  const Body = later()?.EndedBody;
  return (
    <View state={state} actions={actions} sub={(state.handoff ?? state.recent)?.intent.label}>
      <div class="body">
        {Body ? (
          <Body state={state} actions={actions} data={data} />
        ) : (
          <h1 class="hello" tabIndex={-1} data-focus>
            This conversation has ended
          </h1>
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
