/** What an end is called. */
import { texts } from "@texts/later";
import { told } from "./language.ts";
import type { Ended } from "./state.ts";

export const endingWords = ({ reason }: Ended): string => told(texts.endings, reason) ?? texts.hasEnded;
