/** What supervisors see, and what is over: a file of its own, loaded when somebody first goes there. */
import type { ComponentChildren } from "preact";
import { FindPage } from "./supervisor/find_page.tsx";
import { LivePage } from "./supervisor/live_page.tsx";
import { WallPage } from "./supervisor/wall_page.tsx";

export { Record } from "./supervisor/record.tsx";

export function Page({ view }: { view: "wallboard" | "live" | "find" }): ComponentChildren {
  switch (view) {
    case "wallboard": return <WallPage />;
    case "live": return <LivePage />;
    case "find": return <FindPage />;
    default: return view satisfies never;
  }
}
