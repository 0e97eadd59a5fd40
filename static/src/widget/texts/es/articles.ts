/** Lo que el panel dice de los artículos. */
import type { Texts } from "../en/articles.ts";

export const texts = {
  mayHelp: "¿Le sirve esto?",
  article: "Artículo",
  read: "Leído antes de preguntar",
  back: "Volver",
  failed: "Ahora no se puede mostrar",
  solved: "Esto lo resolvió",
  needHelp: "Sigo necesitando ayuda",
  thanks: "Gracias por decírnoslo",
  thanksMore: "No se envió nada y nadie le espera.",
  somethingElse: "Necesito otra cosa",
  done: "Cerrar",
} satisfies Texts;
