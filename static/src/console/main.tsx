/** The agent console's entry. */
import { render } from "preact";
import { serverNow } from "../shared/api.ts";
import { refuseFiles } from "../shared/file_events.ts";
import { session } from "../shared/storage.ts";
import { App } from "./app.tsx";
import { bindings } from "./bindings.ts";
import { Desk } from "./desk.ts";
import { neighboursOn } from "./drafts.ts";
import { keepPlace } from "./history.ts";
import { deskTicket, destinations, dueCallbacks, olderEntries, readPage } from "./page.ts";
import { listenForGesture } from "./sound.ts";

export * from "./exports.ts";

const root = document.getElementById("console");
if (root) {
  const page = readPage(document.documentElement);
  const desk = new Desk({ getTicket: () => deskTicket(page), older: olderEntries, destinations, callbacks: dueCallbacks, storage: session(), agentId: page.agentId, neighbours: neighboursOn(`handoff.drafts.${page.agentId}`), lead: () => Date.now() - serverNow(), onOther: () => location.reload() });
  bindings.open(session(() => localStorage), page.agentId);
  render(<App desk={desk} page={page} />, root);
  listenForGesture();
  refuseFiles(window);
  keepPlace(desk);
  window.addEventListener("pagehide", () => desk.drafts.flush());
  desk.start();
}
