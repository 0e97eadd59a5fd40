/** ما يُطلب تأكيده وما نتج عنه. */
import type { Texts } from "../en/stepup.ts";
import { iso, num, plural } from "../../language.ts";

const minutesOf = (count: number): string => plural(count, { zero: "أقل من دقيقة", one: "دقيقة", two: "دقيقتين", few: `${num(count)} دقائق`, many: `${num(count)} دقيقة`, other: `${num(count)} دقيقة` });
const hoursOf = (count: number): string => plural(count, { two: "ساعتين", few: `${num(count)} ساعات`, many: `${num(count)} ساعة`, other: `${num(count)} ساعة` });

export const texts = {
  asksConfirm: (agent: string) => `${iso(agent)}: طلب لتأكيد هويتك`,
  asksSignIn: (agent: string) => `${iso(agent)}: طلب لتسجيل دخولك`,
  itIsFor: (action: string) => `من أجل: ${iso(action)}.`,
  needsRecent: (site: string, minutes: number) => `يلزم ${iso(site)} تسجيل دخول خلال آخر ${minutesOf(minutes)}.`,
  needsStronger: (site: string) => `يلزم ${iso(site)} إثبات أقوى من تسجيل دخولك.`,
  yoursIs: (minutes: number) => (minutes < 120 ? `تسجيل دخولك قبل ${minutesOf(minutes)}.` : `تسجيل دخولك قبل ${hoursOf(Math.floor(minutes / 60))}.`),
  signInHelps: (agent: string, site: string) => `بتسجيل دخولك لدى ${iso(site)} تُعرف هويتك لدى ${iso(agent)}.`,
  opensPage: (site: string) => `تُفتح صفحة ${iso(site)} نفسها؛ لا أحد هنا يرى كلمة مرورك. يمكنك الرفض والمتابعة.`,
  confirmWith: (site: string) => `التأكيد لدى ${iso(site)}`,
  signInWith: (site: string) => `تسجيل الدخول لدى ${iso(site)}`,
  signInFirst: "تسجيل الدخول أولًا",
  signInFirstWhy: "فلا يسألك أحد. ونعود إلى هنا.",
  notNow: "ليس الآن",
  going: (site: string) => `نسأل ${iso(site)}. مكانك هنا محفوظ.`,
  noSignIn: (site: string) => `لم يصل تسجيل دخول جديد من ${iso(site)}. لم يضع شيء؛ حاول مرة أخرى أو سجّل الدخول في الصفحة.`,
  lacks: {
    not_signed_in: "لم تتضح هويتك بذلك. لم يضع شيء؛ يمكنك المحاولة مرة أخرى.",
    too_weak: "لم يكن تسجيل الدخول قويًا بما يكفي. لم يضع شيء؛ يمكنك المحاولة مرة أخرى.",
    too_old: "مضى على تسجيل الدخول وقت طويل. لم يضع شيء؛ يمكنك المحاولة مرة أخرى.",
  },
  confirmed: (time: string, agent: string) => `أكّدت هويتك في ${time}. يرى ذلك ${iso(agent)} ولا شيء غيره.`,
  declined: (agent: string) => `قلت: ليس الآن. يمكنك المتابعة بدونه؛ وقد يُطلب منك ذلك مرة أخرى من ${iso(agent)}.`,
} satisfies Texts;
