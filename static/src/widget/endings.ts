/** What an end is called. */
import { texts } from "@texts/later";
import { told } from "./language.ts";
import type { Ended } from "./state.ts";

const AGAIN = new Set(["cancelled", "abandoned", "expired", "unreachable"]);

/** A call is cancelled, a message taken back, a line left. */
export const endingWords = ({ reason }: Ended, way: string | null = null): string =>
  told(texts.endings, `${reason}_${way}`) ?? told(texts.endings, reason) ?? texts.hasEnded;

/** Where nothing was said yet, one may simply ask again. */
export const mayAskAgain = ({ reason }: Ended): boolean => AGAIN.has(reason ?? "");
