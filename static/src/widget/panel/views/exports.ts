/** What the panel lends to `later.tsx` and `phone.tsx`, so that nothing comes twice: the build makes this file and the panel's own one. */
export { Component, Fragment, h } from "preact";
export { serverNow } from "../../../shared/api.ts";
export { IconCallback, IconChat, IconCheck, IconClock, IconEye, IconPencil, IconPhone, IconQuote, Seal } from "../../../shared/icons.tsx";
export { unsentWords, viewOf } from "../../state.ts";
export { tell } from "../../story.ts";
export { channelWords, isLeft, opensWords, stepItems, waitWords } from "../../words.ts";
export { LogItems } from "./log.tsx";
export { Strip, Sure, Trouble } from "./parts.tsx";
