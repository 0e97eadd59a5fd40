/** Lo que llama la atención. */
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "Avisar con un sonido",
  recovered: "Conexión recuperada. No se perdió nada.",
  soundOn: "El sonido está activado",
} satisfies Texts;
