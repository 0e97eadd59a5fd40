/** Was auf sich aufmerksam macht. */
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "Ton abspielen, wenn etwas kommt",
  recovered: "Wieder verbunden. Nichts ging verloren.",
  soundOn: "Ton ist an",
} satisfies Texts;
