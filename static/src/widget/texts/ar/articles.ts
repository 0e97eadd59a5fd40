/** ما تقوله اللوحة عن المقالات. */
import type { Texts } from "../en/articles.ts";

export const texts = {
  mayHelp: "هل يفيدك هذا؟",
  article: "مقالة",
  read: "قُرئت قبل السؤال",
  back: "رجوع",
  failed: "لا يمكن عرض هذا الآن",
  solved: "هذا حلّ المشكلة",
  needHelp: "ما زلت أحتاج إلى مساعدة",
  thanks: "شكرًا على إخبارنا",
  thanksMore: "لم يُرسل شيء، ولا أحد بانتظارك.",
  somethingElse: "أحتاج إلى شيء آخر",
  done: "إغلاق",
} satisfies Texts;
