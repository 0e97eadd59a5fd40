/** The way to what most agents rarely see: the wallboard, the live list, and what is over. It comes in a file of its own. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconHeadset, IconSearch } from "../shared/icons.tsx";
import { chunk, useOutdated } from "./chunk.ts";
import { useDesk } from "./context.tsx";
import type { Desk } from "./desk.ts";
import type { View } from "./desk_state.ts";
import { Keys } from "./keys.tsx";
import type { AgentView } from "./wire.ts";

export const useSupervisor = chunk(() => import("./supervisor.tsx"));

export const leads = ({ role }: Pick<AgentView, "role">): boolean => role === "supervisor" || role === "admin";

/** There and back, for those who lead. */
export function lead(desk: Desk, view: "wallboard" | "live"): void {
  const { board, view: here } = desk.store.get();
  if (board && leads(board.agent)) desk.show(here === view ? "desk" : view);
}

export function FindButton(): ComponentChildren {
  const { desk, state } = useDesk();
  return (
    <button type="button" class="find" aria-current={state.view === "find" ? "page" : undefined} onClick={() => desk.show("find")}>
      <IconSearch /><span class="grow">Find a handoff</span> <Keys keys={["/"]} />
    </button>
  );
}

export function Elsewhere({ view }: { view: Exclude<View, "desk" | "callbacks"> }): ComponentChildren {
  const part = useSupervisor(true);
  const isOutdated = useOutdated();
  const main = useRef<HTMLElement>(null);
  useLayoutEffect(() => main.current?.focus(), [view]);
  return (
    <main class="pad pad--all" tabIndex={-1} data-region ref={main} aria-labelledby="pad-title">
      {typeof part === "string"
        ? <div class="rest"><IconHeadset /><h1 id="pad-title">{part === "failed" ? "This page could not be loaded" : "Loading"}</h1>{part === "failed" && <p>{isOutdated ? "Load the desk again to get it." : "Choose it once more to try again."}</p>}</div>
        : <part.Page key={view} view={view} />}
    </main>
  );
}
