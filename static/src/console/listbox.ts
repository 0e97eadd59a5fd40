/** The keys of a list of which one line is always chosen, while the focus stays where the words are typed. */

/** Null: not a key of the list. Ends meet. */
export function movedBy(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown": return (at + 1) % count;
    case "ArrowUp": return (at - 1 + count) % count;
    case "PageDown": return Math.min(at + 8, count - 1);
    case "PageUp": return Math.max(at - 8, 0);
    default: return null;
  }
}

/** Without case and marks: whoever types fast types neither. */
export const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ß/g, "ss");

interface Said { shortcut: string; title: string; text: string; language: string; mine: boolean; uses: number }

/** Replies that have every word that was typed, those that begin with it first; one's own before the team's of the same name. */
export function matching<T extends Said>(replies: readonly T[], typed: string): T[] {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  const [first = ""] = words;
  const rank = (one: T): number => {
    const shortcut = folded(one.shortcut);
    return shortcut.startsWith(first) ? 0 : shortcut.includes(first) ? 1 : folded(one.title).includes(first) ? 2 : 3;
  };
  return replies
    .filter((one) => { const all = folded(`${one.shortcut} ${one.title} ${one.text}`); return words.every((word) => all.includes(word)); })
    // Just before the first of its name.
    .map((one, place, all) => ({ one, place: one.mine ? all.findIndex(({ shortcut }) => shortcut === one.shortcut) - 0.5 : place, rank: rank(one) }))
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ one }) => one);
}
