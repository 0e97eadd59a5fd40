/** Inline icons, 16 by 16. Each is decoration: the words beside it, or its button's label, say what it means. */
import type { ComponentChildren } from "preact";

export interface IconProps {
  /** 20 instead of 16 pixels. */
  large?: boolean;
  class?: string;
}

type Icon = (props: IconProps) => ComponentChildren;

function icon(path: string): Icon {
  return ({ large, class: extra }) => (
    <svg class={`ic${large ? " ic--l" : ""}${extra ? ` ${extra}` : ""}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export const IconChat = /* @__PURE__ */ icon("M2.5 4.5a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v4.8a2 2 0 0 1-2 2H7.2L4 13.8v-2.5a2 2 0 0 1-1.5-2z");
export const IconEye = /* @__PURE__ */ icon("M1.8 2.8h12.4v8.4H1.8zM5.5 13.5h5");
export const IconQuote = /* @__PURE__ */ icon("M4 11.5 6.5 8.5v-4h-4v4h4M11 11.5l2.5-3v-4h-4v4h4");
export const IconPencil = /* @__PURE__ */ icon("m2.8 13.2.7-3L10.6 3a1.4 1.4 0 0 1 2 0l.4.4a1.4 1.4 0 0 1 0 2l-7.2 7.1z");
export const IconCheck = /* @__PURE__ */ icon("m3 8.5 3.2 3.2L13 4.8");
export const IconCopy = /* @__PURE__ */ icon("M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3");
export const IconChecks = /* @__PURE__ */ icon("m1.5 8.6 3 3L10.3 5M7.4 11.2l.5.4L14.5 5");
export const IconClock = /* @__PURE__ */ icon("M2.2 8a5.8 5.8 0 1 0 11.6 0a5.8 5.8 0 1 0 -11.6 0M8 4.8V8l2.2 1.6");
export const IconX = /* @__PURE__ */ icon("m4 4 8 8M12 4l-8 8");
export const IconMinus = /* @__PURE__ */ icon("M3.5 8h9");
export const IconDown = /* @__PURE__ */ icon("m4 6.2 4 4 4-4");
export const IconRight = /* @__PURE__ */ icon("m6.2 4 4 4-4 4");
export const IconArrow = /* @__PURE__ */ icon("M3 8h10M9 4l4 4-4 4");
export const IconSend = /* @__PURE__ */ icon("M2.5 3 13.8 8 2.5 13l1.6-5zM4.1 8h5");
export const IconLock = /* @__PURE__ */ icon("M3.2 7h9.6v6.8H3.2zM5.3 7V5a2.7 2.7 0 0 1 5.4 0v2");
export const IconAlert = /* @__PURE__ */ icon("M8 2.3 14.3 13H1.7zM8 6.3v3M8 11.2v.1");
export const IconRefresh = /* @__PURE__ */ icon("M13.3 7A5.5 5.5 0 0 0 3.4 5M2.7 9a5.5 5.5 0 0 0 9.9 2M3.3 2.3V5H6M12.7 13.7V11H10");
export const IconUser = /* @__PURE__ */ icon("M5.2 5.3a2.8 2.8 0 1 0 5.6 0a2.8 2.8 0 1 0 -5.6 0M2.8 13.5a5.2 5.2 0 0 1 10.4 0");
export const IconNote = /* @__PURE__ */ icon("M3 2.5h10v7l-3.5 4H3zM9.5 13.5v-4H13");
export const IconTransfer = /* @__PURE__ */ icon("M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 11h-10M6.5 8.5 3.5 11l3 2.5");
export const IconClip = /* @__PURE__ */ icon("m12.8 7.4-5 5a3 3 0 0 1-4.3-4.3l5.3-5.3a2 2 0 0 1 2.9 2.9l-5.3 5.2a1 1 0 0 1-1.4-1.4l4.6-4.6");
export const IconDoc = /* @__PURE__ */ icon("M3.8 1.8h5.4l3 3v9.4H3.8zM9.2 1.8v3h3");
export const IconFlag = /* @__PURE__ */ icon("M4 14V2.5h8.5L10.5 5.5l2 3H4");
export const IconHeadset = /* @__PURE__ */ icon("M2.8 9.5V8a5.2 5.2 0 0 1 10.4 0v1.5M2.8 9h2v3.5h-2zM11.2 9h2v3.5h-2zM13.2 12.5c0 1.2-1.5 1.8-3.7 1.8");
export const IconOffline = /* @__PURE__ */ icon("M2 6.5a8.5 8.5 0 0 1 12 0M4.8 9.3a4.6 4.6 0 0 1 6.4 0M8 12.2v.1M2.5 2.5l11 11");
export const IconRoute = /* @__PURE__ */ icon("M2.2 12.2a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0M10.6 3.8a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0M10.6 3.8H6.5a2.1 2.1 0 0 0 0 4.2h3a2.1 2.1 0 0 1 0 4.2H5.4");
export const IconBlock = /* @__PURE__ */ icon("M2.2 8a5.8 5.8 0 1 0 11.6 0a5.8 5.8 0 1 0 -11.6 0M4 4l8 8");
export const IconStar = /* @__PURE__ */ icon("M8 2.5v11M3.2 5.2l9.6 5.6M12.8 5.2l-9.6 5.6");
export const IconKeyboard = /* @__PURE__ */ icon("M2.8 4h10.4a1.3 1.3 0 0 1 1.3 1.3v5.4a1.3 1.3 0 0 1 -1.3 1.3h-10.4a1.3 1.3 0 0 1 -1.3 -1.3v-5.4a1.3 1.3 0 0 1 1.3 -1.3zM4 6.7h.1M6.6 6.7h.1M9.2 6.7h.1M11.8 6.7h.1M5 9.5h6");
export const IconCallback = /* @__PURE__ */ icon("M3.3 2.5h2.2l1.2 3-1.5 1.2a8 8 0 0 0 4.1 4.1l1.2-1.5 3 1.2v2.2a1 1 0 0 1-1.1 1A10.6 10.6 0 0 1 2.3 3.6a1 1 0 0 1 1-1.1zM13.5 2.5 9.8 6.2M9.5 3.3v3.2h3.2");
export const IconPhone = /* @__PURE__ */ icon("M3.3 2.5h2.2l1.2 3-1.5 1.2a8 8 0 0 0 4.1 4.1l1.2-1.5 3 1.2v2.2a1 1 0 0 1-1.1 1A10.6 10.6 0 0 1 2.3 3.6a1 1 0 0 1 1-1.1z");
export const IconMicOff = /* @__PURE__ */ icon("M6 6v1.2a2 2 0 0 0 3.2 1.6M10 7V3.8a2 2 0 0 0-3.9-.6M3.5 7.5a4.5 4.5 0 0 0 7.4 3.4M12.5 7.5c0 .6-.1 1.1-.3 1.6M8 12v2.2M2.5 2.5l11 11");
export const IconSearch = /* @__PURE__ */ icon("M2.8 7a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0 -8.4 0M10.2 10.2l3.3 3.3");
export const IconPause = /* @__PURE__ */ icon("M5.5 3.5v9M10.5 3.5v9");
export const IconHangUp = /* @__PURE__ */ icon("M1.8 9.3c3.6-3.5 8.8-3.5 12.4 0l-1.6 2-2.8-1.2V8a7 7 0 0 0-3.6 0v2.1l-2.8 1.2z");

const SIGNED = "M8 .8l1.9 1.5 2.4-.1.7 2.3 2 1.4-.9 2.1.9 2.1-2 1.4-.7 2.3-2.4-.1L8 15.2l-1.9-1.5-2.4.1-.7-2.3-2-1.4.9-2.1L1 5.9l2-1.4.7-2.3 2.4.1z";
const RING = "M2.2 8a5.8 5.8 0 1 0 11.6 0a5.8 5.8 0 1 0 -11.6 0";

/** The mark of trust: filled when the site signed who this is, a dashed ring when nobody did. */
export const IconBell = /* @__PURE__ */ icon("M4 11.500V7.200a4 4 0 0 1 8 0v4.300l1 .8H3zM6.800 14h2.400");
export const IconBellOff = /* @__PURE__ */ icon("M4 11.500V7.200a4 4 0 0 1 1-2.600M7 3.300a4 4 0 0 1 5 3.900v3M11.700 12.300H3l1-.8M6.800 14h2.400M2.500 2.500l11 11");

export function Seal({ verified }: { verified: boolean }): ComponentChildren {
  const [shape, mark] = verified ? [SIGNED, "m5.2 8.1 2 2 3.7-4"] : [RING, "M5.7 8h4.6"];
  return (
    <svg class={verified ? "seal" : "seal seal--none"} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shape} />
      <path class="seal__mark" d={mark} />
    </svg>
  );
}
