/** What must not leave the host page, taken out before anything is kept. */

const HIDDEN = "[hidden]";
/** 13 to 19 digits, full-width ones too, with the separators people type. */
const CARD = /[0-9０-９](?:[ .-]?[0-9０-９]){12,18}/g;

export function passesLuhn(digits: string): boolean {
  // The low four bits of a digit's code are its value, in ASCII and in the full-width block.
  const values = [...digits.replace(/[ .-]/g, "")].reverse().map((digit, index) => (digit.charCodeAt(0) & 15) << (index & 1));
  return values.reduce((sum, value) => sum + (value > 9 ? value - 9 : value), 0) % 10 == 0;
}

export function redactText(text: string): string {
  return text.replace(CARD, (found) => (passesLuhn(found) ? HIDDEN : found));
}

/** A long segment that mixes upper, lower and digits, or a long run of letters and digits, is a key to something. */
const TOKEN = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{20}|(?=\d*[a-zA-Z])(?=[a-zA-Z]*\d)[a-zA-Z\d]{16}/;

/** A path, without the segments that open a door. */
export function redactPath(path: string): string {
  try {
    path = decodeURI(path);
  } catch {
    // A path that is not valid UTF-8 stays as it is written.
  }
  return redactText(path).replace(/[^/]+/g, (segment) => (TOKEN.test(segment) ? HIDDEN : segment));
}
