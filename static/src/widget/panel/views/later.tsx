/** What nobody needs before the click: the line, the talk and its end, and the receipt unfolded. It comes in a file of its own. */
import { Ended } from "./ended.tsx";
import { Talking } from "./talking.tsx";
import { Waiting } from "./waiting.tsx";

export { refusalWords } from "../../sign_in.ts";
export { spoken } from "../../spoken.ts";
export { ReceiptBody } from "./after.tsx";
export { Room } from "./room.tsx";

/** The views that have the panel to themselves. */
export const VIEWS = { waiting: Waiting, talking: Talking, ended: Ended };
