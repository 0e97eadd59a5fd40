/** Ids that sort by the moment they were made (RFC 9562, version 7). */
export function uuid7(now = Date.now()): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  const time = hex(now, 12);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => hex(byte, 2)).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6)}`;
}
