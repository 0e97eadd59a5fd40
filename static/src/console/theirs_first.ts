/** Texts in several languages: those that this customer reads come first. */
import type { DeskHandoff } from "./wire.ts";

const baseOf = (language: string): string => language.split("-")[0]?.toLowerCase() ?? "";

/** By the language that their site told; what has none of its own is for everybody. Else every order stays. */
export function theirsFirst<T extends { readonly language: string }>(rows: readonly T[], { facts }: Pick<DeskHandoff, "facts">): readonly T[] {
  const theirs = baseOf(String(facts.find(({ key, source }) => key === "locale" && source === "verified")?.value ?? ""));
  if (!theirs) return rows;
  const fits = ({ language }: T): boolean => language === "" || baseOf(language) === theirs;
  return [...rows.filter(fits), ...rows.filter((row) => !fits(row))];
}
