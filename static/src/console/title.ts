/** The window's title: what waits for this agent, so that another tab is enough to know. */
import type { Board } from "./board.ts";
import { unreadCount } from "./lines.ts";
import { customerName } from "./people.ts";

/** "(1) Maya Chen waits", "(2) Maya Chen wrote", else the desk's own name. */
export function titleOf(board: Board | null): string {
  const offers = board?.offers ?? [];
  const [offer] = offers;
  if (offer) return `(${offers.length}) ${customerName(offer.handoff.customer)} ${offer.handoff.call?.direction === "inbound" ? "calls" : "waits"} – Handoff`;
  const unread = (board?.handoffs ?? []).map((handoff) => ({ handoff, count: unreadCount(handoff) })).filter(({ count }) => count > 0);
  const count = unread.reduce((sum, one) => sum + one.count, 0);
  const who = unread.length === 1 && unread[0] ? `${customerName(unread[0].handoff.customer)} wrote` : `${unread.length} customers wrote`;
  return count > 0 ? `(${count}) ${who} – Handoff` : "Handoff desk";
}
