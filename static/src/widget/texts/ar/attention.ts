/** ما يلفت الانتباه. */
import type { Texts } from "../en/attention.ts";

export const texts = {
  soundOff: "تشغيل صوت عند وصول شيء",
  recovered: "عاد الاتصال. لم يضع شيء.",
  soundOn: "الصوت مفعّل",
} satisfies Texts;
