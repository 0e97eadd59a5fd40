/** Which view the state asks for. */
import { texts } from "@texts/core";
import { IconRefresh } from "../../../shared/icons.tsx";
import { viewOf } from "../../state.ts";
import { troubleWords } from "../../words.ts";
import { later, phone, type Later, type Phone } from "./lazy.ts";
import { Stay, View, type ViewProps } from "./parts.tsx";
import { Start } from "./start.tsx";

function Opening({ words = texts.opening, ...props }: ViewProps & { words?: string }) {
  return (
    <View {...props}>
      <div class="body body--mid">
        <p class="sys" role="status">
          <IconRefresh class="spin" />
          {words}
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
            {texts.closedDoor}
          </h1>
          <p>{troubleWords(state.trouble ?? "")}</p>
          <button type="button" class="btn btn--primary" onClick={onRetry}>
            {texts.tryAgain}
          </button>
        </div>
      </div>
    </View>
  );
}

function Called({ view, ...props }: ViewProps & { view: keyof Phone["BODIES"] }) {
  const Body = phone()?.BODIES[view];
  if (!Body) return <Opening {...props} words={texts.busy} />;
  const { handoff, scheduled } = props.state;
  return (
    <View {...props} sub={(handoff ?? scheduled[0])?.intent.label}>
      <Stay state={props.state} />
      <Body {...props} />
    </View>
  );
}

function After({ view, ...props }: ViewProps & { view: keyof Later["VIEWS"] }) {
  const Body = later()?.VIEWS[view];
  return Body ? <Body {...props} /> : <Opening {...props} words={texts.busy} />;
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
    case "talking":
    case "ended":
      return <After {...props} view={view} />;
    default:
      return view satisfies never;
  }
}
