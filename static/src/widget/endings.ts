/** What an end is called. */
import type { Ended } from "./state.ts";

const ENDINGS: Record<string, string> = {
  cancelled: "You left the line",
  abandoned: "You were away, so you left the line",
  expired: "This request ran out",
  unreachable: "We could not reach you",
  merged: "This continues in your signed-in conversation",
  erased: "This conversation was erased",
  out_of_reach: "This conversation can’t be reached from here any more",
};

export function endingWords({ reason }: Ended): string {
  return ENDINGS[reason ?? ""] ?? "This conversation has ended";
}
