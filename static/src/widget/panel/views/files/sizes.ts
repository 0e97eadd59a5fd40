/** Sizes and shares, as this language writes them. */
import { locale } from "../../../language.ts";

const UNITS = ["byte", "kilobyte", "megabyte"] as const;

/** "640 byte", "12 kB", "1.8 MB". */
export function sizeWords(bytes: number): string {
  const step = bytes < 1_000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const unit = UNITS[step] ?? "byte";
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: step === 2 ? 1 : 0 }).format(bytes / 1_000 ** step);
}

export const percent = (part: number): string => new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(part);
