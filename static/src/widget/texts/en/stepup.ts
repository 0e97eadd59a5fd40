/** What the agent asks to be confirmed, and what came of it. */
import { iso, num, plural } from "../../language.ts";

export const texts = {
  asksConfirm: (agent: string) => `${iso(agent)} asks you to confirm it’s you`,
  asksSignIn: (agent: string) => `${iso(agent)} asks you to sign in`,
  itIsFor: (action: string) => `It is for: ${iso(action)}.`,
  needsRecent: (site: string, minutes: number) => `${iso(site)} needs a sign-in from the last ${plural(minutes, { one: "minute", other: `${num(minutes)} minutes` })}.`,
  needsStronger: (site: string) => `${iso(site)} needs a stronger proof than your sign-in.`,
  yoursIs: (minutes: number) => (minutes < 120 ? `Yours is ${plural(minutes, { one: "1 minute", other: `${num(minutes)} minutes` })} old.` : `Yours is ${num(Math.floor(minutes / 60))} hours old.`),
  signInHelps: (agent: string, site: string) => `With your sign-in at ${iso(site)}, ${iso(agent)} knows who you are.`,
  opensPage: (site: string) => `This opens ${iso(site)}’s own page; nobody here sees your password. You can say no and go on.`,
  confirmWith: (site: string) => `Confirm with ${iso(site)}`,
  signInWith: (site: string) => `Sign in at ${iso(site)}`,
  signInFirst: "Sign in first",
  signInFirstWhy: "Then nobody asks. We come back to here.",
  notNow: "Not now",
  going: (site: string) => `Asking ${iso(site)}. Your place here is kept.`,
  noSignIn: (site: string) => `${iso(site)} gave no new sign-in. Nothing is lost; try again, or sign in on the page.`,
  lacks: {
    not_signed_in: "That did not tell who you are. Nothing is lost; you can try again.",
    too_weak: "That sign-in was not strong enough. Nothing is lost; you can try again.",
    too_old: "That sign-in was too long ago. Nothing is lost; you can try again.",
  },
  confirmed: (time: string, agent: string) => `You confirmed it’s you at ${time}. ${iso(agent)} can see that, nothing else.`,
  declined: (agent: string) => `You said: not now. You can go on without it; ${iso(agent)} may ask again.`,
};

export type Texts = typeof texts;
