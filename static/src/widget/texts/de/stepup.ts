/** Was bestätigt werden soll und was daraus wurde. */
import type { Texts } from "../en/stepup.ts";
import { iso, num, plural } from "../../language.ts";

export const texts = {
  asksConfirm: (agent: string) => `${iso(agent)} bittet Sie zu bestätigen, dass Sie es sind`,
  asksSignIn: (agent: string) => `${iso(agent)} bittet Sie, sich anzumelden`,
  itIsFor: (action: string) => `Es geht um: ${iso(action)}.`,
  needsRecent: (site: string, minutes: number) => `${iso(site)} braucht eine Anmeldung aus ${plural(minutes, { one: "der letzten Minute", other: `den letzten ${num(minutes)} Minuten` })}.`,
  needsStronger: (site: string) => `${iso(site)} braucht einen stärkeren Nachweis als Ihre Anmeldung.`,
  yoursIs: (minutes: number) => (minutes < 120 ? `Ihre ist ${plural(minutes, { one: "1 Minute", other: `${num(minutes)} Minuten` })} alt.` : `Ihre ist ${num(Math.floor(minutes / 60))} Stunden alt.`),
  signInHelps: (agent: string, site: string) => `Mit Ihrer Anmeldung bei ${iso(site)} weiß ${iso(agent)}, wer Sie sind.`,
  opensPage: (site: string) => `Das öffnet die Seite von ${iso(site)} selbst; niemand hier sieht Ihr Passwort. Sie können Nein sagen und weitermachen.`,
  confirmWith: (site: string) => `Bei ${iso(site)} bestätigen`,
  signInWith: (site: string) => `Bei ${iso(site)} anmelden`,
  signInFirst: "Zuerst anmelden",
  signInFirstWhy: "Dann fragt niemand. Wir kommen hierher zurück.",
  notNow: "Jetzt nicht",
  going: (site: string) => `Wir fragen ${iso(site)}. Ihr Platz hier bleibt.`,
  noSignIn: (site: string) => `Von ${iso(site)} kam keine neue Anmeldung. Nichts ist verloren; versuchen Sie es noch einmal oder melden Sie sich auf der Seite an.`,
  lacks: {
    not_signed_in: "Daraus ging nicht hervor, wer Sie sind. Nichts ist verloren; Sie können es noch einmal versuchen.",
    too_weak: "Diese Anmeldung war nicht stark genug. Nichts ist verloren; Sie können es noch einmal versuchen.",
    too_old: "Diese Anmeldung ist zu lange her. Nichts ist verloren; Sie können es noch einmal versuchen.",
  },
  confirmed: (time: string, agent: string) => `Um ${time} haben Sie bestätigt, dass Sie es sind. ${iso(agent)} sieht das, sonst nichts.`,
  declined: (agent: string) => `Sie haben gesagt: jetzt nicht. Es geht auch so weiter; ${iso(agent)} kann noch einmal fragen.`,
} satisfies Texts;
