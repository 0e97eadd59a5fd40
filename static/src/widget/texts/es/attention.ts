/** Lo que llama la atención. */
import { iso } from "../../language.ts";
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "Avisar con un sonido",
  recovered: "Conexión recuperada. No se perdió nada.",
  agentDropped: (agent: string, within: string) =>
    `Se cortó la conexión de ${iso(agent)}. Si no vuelve ${within ? `en ${within}` : "enseguida"}, el próximo agente libre lo recibe con todo. Usted va primero.`,
  soundOn: "El sonido está activado",
} satisfies Texts;
