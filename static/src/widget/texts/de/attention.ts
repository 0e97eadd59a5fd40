/** Was auf sich aufmerksam macht. */
import { iso } from "../../language.ts";
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "Ton abspielen, wenn etwas kommt",
  recovered: "Wieder verbunden. Nichts ging verloren.",
  agentDropped: (agent: string, within: string) =>
    `Die Verbindung von ${iso(agent)} ist abgebrochen. Kommt sie nicht ${within ? `binnen ${within}` : "gleich"} zurück, bekommt alles hiervon, wer als Nächstes frei ist. Sie sind zuerst dran.`,
  soundOn: "Ton ist an",
} satisfies Texts;
