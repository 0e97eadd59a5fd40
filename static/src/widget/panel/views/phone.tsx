/** What a telephone needs of the panel: callbacks, the number to call, calls; and the button's words. It comes in a file of its own. */
import { texts } from "@texts/phone";
import type { ChannelName } from "../../../shared/frames.ts";
import { arrivedWords, callWords } from "../../calls.ts";
import type { PanelState } from "../../state.ts";
import { viewOf } from "./exports.ts";
import { Arrived } from "./phone/arrived.tsx";
import { Booked } from "./phone/booked.tsx";
import { CallbackForm } from "./phone/callback_form.tsx";
import { CallUs } from "./phone/call_us.tsx";

export { endWords } from "../../calls.ts";
export { launcherWords } from "../../launcher.ts";
export { BookedList } from "./phone/booked.tsx";
export { Dock, InLine } from "./phone/line.tsx";
export { WaysButton } from "./phone/ways.tsx";

/** The views that have the panel to themselves. */
export const BODIES = { arrived: Arrived, booked: Booked, callback: CallbackForm, calling: CallUs };

/** What is said aloud about a call; empty while there is none. */
export function heardWords(state: PanelState): string {
  const { handoff } = state;
  if (!handoff) return "";
  return viewOf(state) === "arrived" ? `${arrivedWords(handoff)} ${texts.isItYou}` : callWords(handoff);
}

/** What the start's button does, and what to know before it does. */
export function startWords(channel: ChannelName): { go: string; fine: string } {
  return channel === "callback" ? { go: texts.chooseWhen, fine: "" } : { go: texts.showNumber, fine: texts.codeToKeyIn };
}
