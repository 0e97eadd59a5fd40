/** ما يلفت الانتباه. */
import { iso } from "../../language.ts";
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "تشغيل صوت عند وصول شيء",
  recovered: "عاد الاتصال. لم يضع شيء.",
  agentDropped: (agent: string, within: string) =>
    `انقطع اتصال ${iso(agent)}. إن لم يعد ${within ? `خلال ${within}` : "بعد لحظات"} فسيتسلّم أول موظف متاح طلبك بكل ما فيه. أنت الأول.`,
  soundOn: "الصوت مفعّل",
} satisfies Texts;
