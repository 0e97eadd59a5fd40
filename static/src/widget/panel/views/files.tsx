/** Files in the talk: chosen, pasted or dropped, on their way, and as they stand in the conversation. A file of its own. */
export { start, take, clear, anyFor } from "./files/sending.ts";
export { Attach, Tray } from "./files/tray.tsx";
export { Carried } from "./files/carried.tsx";
