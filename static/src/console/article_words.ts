/** What a list says of an article, and whether the customer knows it already. */
import type { DeskArticleRow } from "../shared/protocol.ts";
import type { DeskHandoff } from "./wire.ts";

/** What the customer read before asking is a fact of the page under this name. */
const READ = "article.";
export const wasRead = ({ facts }: Pick<DeskHandoff, "facts">, article: string): boolean => facts.some(({ key, source }) => source === "observed" && key === READ + article);

export function figures({ views, solved, useful_yes, useful_no }: Pick<DeskArticleRow, "views" | "solved" | "useful_yes" | "useful_no">): string {
  const votes = useful_yes + useful_no > 0 ? `, useful ${useful_yes} of ${useful_yes + useful_no}` : "";
  return `read ${views}, solved ${solved}${votes}`;
}
