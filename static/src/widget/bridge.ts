/** What the loader (host page) and the panel (our frame) may say to each other, and how each knows the other. */
import type { HandoffState, Scalar, Step } from "../shared/frames.ts";

export interface PageFact {
  key: string;
  label: string;
  value: Scalar;
  at: string;
}
export type PageEntry = Step | PageFact;

/** What an identity has to meet: empty, or an OpenID Connect step-up. */
export interface Need {
  acr_values?: string;
  max_age?: number;
}

/** How far the page's entries are already in a handoff. */
export interface Recorded {
  handoff: string;
  until: string;
}

/** What a tab of the host page remembers from page to page; it names no person and opens nothing. */
export interface Tab {
  /** A handoff is open: the next page loads the panel at once, shown or minimised as it was. */
  live?: boolean | null;
  open?: boolean;
  /** The verified customer whose steps the page holds. */
  owner?: string | null;
  recorded?: Recorded;
  /** As the panel's own memory has it, for browsers that keep nothing for a frame of another site. */
  back?: number;
}

export type ToPanel =
  | {
      type: "hello";
      entries: PageEntry[];
      intent: string | null;
      shown: boolean;
      /** The page has a provider of identity tokens. */
      identity: boolean;
      tab: Tab | null;
      /** What the page wants its button to say while nothing is open. */
      label?: string | undefined;
    }
  | { type: "entries"; entries: PageEntry[] }
  | { type: "intent"; intent: string | null }
  | { type: "shown"; shown: boolean; focus: boolean }
  | { type: "identity" }
  /** A token; null: the page says nobody is signed in; an error code: it could not say. */
  | { type: "token"; id: number; token: string | null; error?: string }
  | { type: "logout" };

export type ToLoader =
  | { type: "need"; id: number; need: Need }
  | { type: "state"; state: HandoffState | null; title: string; detail: string }
  | { type: "unread"; count: number }
  /** What the page's title says of the state while nobody looks; empty: nothing. */
  | { type: "title"; title: string }
  | { type: "error"; code: string; message: string }
  | { type: "minimise" }
  | { type: "remember"; change: Pick<Tab, "live" | "owner" | "recorded" | "back"> }
  | { type: "wiped" };

export interface Peer {
  origin: string;
  source: unknown;
  nonce: string;
}

/** The message, when all three marks are the peer's own; the nonce tells this frame from another of the same origin. */
export function fromPeer<M extends { type: string }>(event: Pick<MessageEvent, "origin" | "source" | "data">, peer: Peer): M | null {
  const { origin, source, data } = event;
  return origin === peer.origin && source && source === peer.source && data?.handoff === peer.nonce ? (data.message ?? null) : null;
}

export function envelope(nonce: string, message: ToPanel | ToLoader): object {
  return { handoff: nonce, message };
}
