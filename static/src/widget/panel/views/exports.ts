/** What the panel lends to `later.tsx` and `phone.tsx`, so that nothing comes twice: the build makes this file and the panel's own one. */
export { texts } from "@texts/core";
export { Component, Fragment, h } from "preact";
export { serverNow } from "../../../shared/api.ts";
export { IconCallback, IconChat, IconCheck, IconClock, IconEye, IconPhone, IconRefresh, Seal } from "../../../shared/icons.tsx";
export { firstName, getHelp } from "../../brand.ts";
export { capital, clock, dateWords, iso, locale, moment, num, plural, relative, told } from "../../language.ts";
export { ended, hasTalked, isFact, isFleeting, messages, streamOf, unsentWords, viewOf, waitingItems } from "../../state.ts";
export { answerWords, channelWords, errorWords, intentOf, isLeft, opensWords, waitWords } from "../../words.ts";
export { attention, files, later, phone, stepup } from "./lazy.ts";
export { Stay, Strip, Sure, Trouble, View } from "./parts.tsx";
export { Receipt } from "./receipt.tsx";
