/** Which view the state asks for. */
import { IconRefresh } from "../../../shared/icons.tsx";
import { viewOf } from "../../state.ts";
import { troubleWords } from "../../words.ts";
import { Ended } from "./ended.tsx";
import { phone, type Phone } from "./lazy.ts";
import { Stay, View, type ViewProps } from "./parts.tsx";
import { Start } from "./start.tsx";
import { Talking } from "./talking.tsx";
import { Waiting } from "./waiting.tsx";

function Opening(props: ViewProps) {
  return (
    <View {...props}>
      <div class="body body--mid">
        <p class="sys" role="status">
          <IconRefresh class="spin" />
          Getting your details
        </p>
      </div>
    </View>
  );
}

function Refused({ state, actions, onRetry }: ViewProps & { onRetry(): void }) {
  return (
    <View state={state} actions={actions}>
      <div class="body body--mid">
        <div class="ask" role="alert">
          <h1 class="hello" tabIndex={-1} data-focus>
            Help can’t open right now
          </h1>
          <p>{troubleWords(state.trouble ?? "")}</p>
          <button type="button" class="btn btn--primary" onClick={onRetry}>
            Try again
          </button>
        </div>
      </div>
    </View>
  );
}

function Called({ view, ...props }: ViewProps & { view: keyof Phone["BODIES"] }) {
  const Body = phone()?.BODIES[view];
  if (!Body) return <Opening {...props} />;
  const { handoff, scheduled } = props.state;
  return (
    <View {...props} sub={(handoff ?? scheduled[0])?.intent.label}>
      <Stay state={props.state} />
      <Body {...props} />
    </View>
  );
}

export function App(props: ViewProps & { onRetry(): void }) {
  const view = viewOf(props.state);
  switch (view) {
    case "opening":
      return <Opening {...props} />;
    case "refused":
      return <Refused {...props} />;
    case "start":
      return <Start {...props} />;
    case "arrived":
    case "booked":
    case "callback":
    case "calling":
      return <Called {...props} view={view} />;
    case "waiting":
      return <Waiting {...props} />;
    case "talking":
      return <Talking {...props} />;
    case "ended":
      return <Ended {...props} />;
    default:
      return view satisfies never;
  }
}
