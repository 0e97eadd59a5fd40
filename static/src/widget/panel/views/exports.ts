/** What the panel lends to `later.tsx`, so that nothing comes twice: the build makes this file and the panel's own one. */
export { Fragment, h } from "preact";
export { IconCheck, IconEye, IconPencil, IconQuote, Seal } from "../../../shared/icons.tsx";
export { STEPS, unsentWords } from "../../state.ts";
export { tell } from "../../story.ts";
export { assuranceWords, firstName, stepItems, valueWords } from "../../words.ts";
export { LogItems } from "./log.tsx";
export { Trouble } from "./parts.tsx";
