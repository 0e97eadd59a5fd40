/** Was das Panel zu Artikeln sagt. */
import type { Texts } from "../en/articles.ts";

export const texts = {
  mayHelp: "Hilft Ihnen das?",
  article: "Artikel",
  read: "Vor der Anfrage gelesen",
  back: "Zurück",
  failed: "Das lässt sich gerade nicht anzeigen",
  solved: "Das hat geholfen",
  needHelp: "Ich brauche noch Hilfe",
  thanks: "Danke für die Rückmeldung",
  thanksMore: "Es wurde nichts gesendet, und niemand wartet auf Sie.",
  somethingElse: "Ich brauche etwas anderes",
  done: "Schließen",
} satisfies Texts;
