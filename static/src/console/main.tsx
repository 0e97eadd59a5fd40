/** The agent console's entry. */
import { render } from "preact";
import { session } from "../shared/storage.ts";
import { App } from "./app.tsx";
import { Desk } from "./desk.ts";
import { deskTicket, destinations, dueCallbacks, olderEntries, readPage } from "./page.ts";
import { listenForGesture } from "./sound.ts";

const root = document.getElementById("console");
if (root) {
  const page = readPage(document.documentElement);
  const desk = new Desk({ getTicket: () => deskTicket(page), older: olderEntries, destinations, callbacks: dueCallbacks, storage: session(), agentId: page.agentId });
  render(<App desk={desk} page={page} />, root);
  listenForGesture();
  desk.start();
}
