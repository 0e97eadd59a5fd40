/** Lo que se pide confirmar y en qué quedó. */
import type { Texts } from "../en/stepup.ts";
import { iso, num, plural } from "../../language.ts";

export const texts = {
  asksConfirm: (agent: string) => `${iso(agent)} le pide confirmar que es usted`,
  asksSignIn: (agent: string) => `${iso(agent)} le pide iniciar sesión`,
  itIsFor: (action: string) => `Es para: ${iso(action)}.`,
  needsRecent: (site: string, minutes: number) => `${iso(site)} necesita un inicio de sesión ${plural(minutes, { one: "del último minuto", other: `de los últimos ${num(minutes)} minutos` })}.`,
  needsStronger: (site: string) => `${iso(site)} necesita una prueba más fuerte que su inicio de sesión.`,
  yoursIs: (minutes: number) => (minutes < 120 ? `El suyo es de hace ${plural(minutes, { one: "1 minuto", other: `${num(minutes)} minutos` })}.` : `El suyo es de hace ${num(Math.floor(minutes / 60))} horas.`),
  signInHelps: (agent: string, site: string) => `Con su sesión en ${iso(site)}, ${iso(agent)} sabe quién es usted.`,
  opensPage: (site: string) => `Se abre la página de ${iso(site)}; nadie aquí ve su contraseña. Puede decir que no y seguir.`,
  confirmWith: (site: string) => `Confirmar con ${iso(site)}`,
  signInWith: (site: string) => `Iniciar sesión en ${iso(site)}`,
  signInFirst: "Iniciar sesión primero",
  signInFirstWhy: "Así nadie pregunta. Volvemos aquí.",
  notNow: "Ahora no",
  going: (site: string) => `Preguntamos a ${iso(site)}. Su sitio aquí se conserva.`,
  noSignIn: (site: string) => `${iso(site)} no dio un inicio de sesión nuevo. No se pierde nada; inténtelo otra vez o inicie sesión en la página.`,
  lacks: {
    not_signed_in: "Eso no dijo quién es usted. No se pierde nada; puede intentarlo otra vez.",
    too_weak: "Ese inicio de sesión no fue bastante fuerte. No se pierde nada; puede intentarlo otra vez.",
    too_old: "Ese inicio de sesión fue hace demasiado tiempo. No se pierde nada; puede intentarlo otra vez.",
  },
  confirmed: (time: string, agent: string) => `Confirmó que es usted a las ${time}. ${iso(agent)} ve eso y nada más.`,
  declined: (agent: string) => `Dijo: ahora no. Puede seguir sin ello; ${iso(agent)} puede volver a pedirlo.`,
} satisfies Texts;
