/** After: one question, one optional line, and the way back in. */
import { texts } from "@texts/later";
import { EndedBody } from "./after.tsx";
import { ended, moment, View } from "./exports.ts";
import type { ViewProps } from "./parts.tsx";

/** When it ended, once a talk had begun. */
function whenWords({ timeline, handoff, recent }: ViewProps["state"]): string | undefined {
  const end = timeline.findLast(({ type, data }) => type === "handoff.changed" && (data as { state?: string }).state === "wrap_up");
  const at = end?.at ?? (handoff ? null : recent?.at);
  return at ? texts.endedShort(moment(at)) : (handoff ?? recent)?.intent.label;
}

export function Ended({ state, actions }: ViewProps) {
  const data = ended(state);
  if (!data) return null;
  return (
    <View state={state} actions={actions} sub={whenWords(state)}>
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
