/** After: one question, one optional line, and the way back in. */
import { texts } from "@texts/later";
import { ended } from "../../state.ts";
import { EndedBody } from "./after.tsx";
import { View } from "./exports.ts";
import type { ViewProps } from "./parts.tsx";

export function Ended({ state, actions }: ViewProps) {
  const data = ended(state);
  if (!data) return null;
  return (
    <View state={state} actions={actions} sub={(state.handoff ?? state.recent)?.intent.label}>
      <div class="body">
        <EndedBody state={state} actions={actions} data={data} />
      </div>
      <div class="foot">
        <button type="button" class={data.ask ? "btn" : "btn btn--primary"} onClick={() => actions.again()}>
          {texts.askElse}
        </button>
      </div>
    </View>
  );
}
