/** How much room is left in a message, once that matters: before it is sent, and while nothing of it is lost. */
import { texts } from "@texts/later";
import { excess, LIMIT } from "../../length.ts";

const NEAR = 200;

export function Room({ text }: { text: string }) {
  const over = excess(text);
  const left = LIMIT - text.trim().length;
  if (over === 0 && left > NEAR) return null;
  return (
    <p class={over > 0 ? "draft bad" : "draft"} role={over > 0 ? "status" : undefined}>
      {over > 0 ? texts.tooMany(over) : texts.roomLeft(Math.max(0, left))}
    </p>
  );
}
