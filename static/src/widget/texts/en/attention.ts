/** What calls for a look, and how to be called. */
import { iso } from "../../language.ts";

export const texts = {
  soundOff: "Play a sound when something comes",
  recovered: "Connected again. Nothing was lost.",
  agentDropped: (agent: string, within: string) =>
    `${iso(agent)}’s connection dropped. If it is not back ${within ? `in ${within}` : "in a moment"}, the next free agent gets this with everything in it. You’re first.`,
  soundOn: "Sound is on",
};

export type Texts = typeof texts;
