/** A text as the rules read it: folded, without quotations, sentence by sentence, each sign knowing where it stood. */

/** Folded signs, and for each the place in the original. */
export interface Folded { readonly text: string; readonly at: readonly number[] }

/** One sentence of the original, with its end mark. */
export interface Sentence { readonly from: number; readonly to: number; readonly asks: boolean }

const LETTERS: Readonly<Record<string, string>> = { "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ى": "ي", "’": "'", "‘": "'", "´": "'", "`": "'", "ـ": "", "،": ",", "؛": ";", "؟": "?", "¿": " ", "¡": " " };
const INVISIBLE = /[\p{M}\p{Cf}]/gu;

/** Lower case, no accents, one space for many. */
export function fold(raw: string): Folded {
  let text = "";
  const at: number[] = [];
  for (let index = 0; index < raw.length; index += 1) {
    for (const sign of folded(raw.charAt(index))) {
      if (sign === " " && (text === "" || text.endsWith(" "))) continue;
      text += sign;
      at.push(index);
    }
  }
  return { text, at };
}

const seen = new Map<string, string>();

function folded(sign: string): string {
  const known = seen.get(sign);
  if (known !== undefined) return known;
  const bare = /\s/.test(sign) ? " " : (LETTERS[sign] ?? sign).normalize("NFD").replace(INVISIBLE, "").toLowerCase();
  seen.set(sign, bare);
  return bare;
}

/** What was said by others is not asked: it is blanked, so that places stay. A mark that is not closed yet quotes nothing. */
const QUOTED = /"[^"\n]*"|“[^”“\n]*[”“]|„[^“”\n]*[“”]|«[^»\n]*»|^>.*$/gmu;
export const withoutQuotes = (text: string): string => text.replace(QUOTED, (quoted) => " ".repeat(quoted.length));

/** A point ends a sentence only before a space, and not after an abbreviation or a number's mark. */
const ENDS = /[!?؟\n]+|(?<!\b(?:no|nr|num|tel|acct|geb|n|nro|ref|st|mr|mrs|dr|d\.o\.b|approx)|\.)\.(?=\s|$)/giu;

export function sentencesOf(text: string): Sentence[] {
  const found: Sentence[] = [];
  let from = 0;
  const add = (to: number, mark: string) => {
    if (text.slice(from, to).trim()) found.push({ from, to, asks: /[?؟]/.test(mark) });
    from = to;
  };
  for (const { index, 0: mark } of text.matchAll(ENDS)) add(index + mark.length, mark);
  add(text.length, "");
  return found;
}

/** Whether one letter was missed, doubled, swapped or mistaken; the first letter is right, and a longer word is no error of a shorter one. */
export function isNear(typed: string, word: string): boolean {
  if (typed.charCodeAt(0) !== word.charCodeAt(0) || Math.abs(typed.length - word.length) > 1) return false;
  let start = 0;
  while (start < typed.length && typed[start] === word[start]) start += 1;
  let [a, b] = [typed.length - 1, word.length - 1];
  while (a >= start && b >= start && typed[a] === word[b]) { a -= 1; b -= 1; }
  if (typed.length !== word.length) return a - start + 1 <= 1 && b - start + 1 <= 1 && (a < start) !== (b < start) && !(typed.length > word.length && start >= word.length);
  return a <= start || (a === start + 1 && typed[start] === word[a] && typed[a] === word[start]);
}

const WORD = /\p{L}{5,}/gu;

/** Words with one error become what they were meant to be. */
export function corrected(read: Folded, repair: (word: string) => string): Folded {
  let text = "";
  const at: number[] = [];
  let end = 0;
  const keep = (to: number) => { text += read.text.slice(end, to); for (; end < to; end += 1) at.push(read.at[end] ?? 0); };
  for (const { index, 0: word } of read.text.matchAll(WORD)) {
    const meant = repair(word);
    if (meant === word) continue;
    keep(index);
    text += meant;
    for (let place = 0; place < meant.length; place += 1) at.push(read.at[Math.min(index + place, index + word.length - 1)] ?? 0);
    end = index + word.length;
  }
  keep(read.text.length);
  return { text, at };
}
