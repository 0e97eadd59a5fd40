/** Turns the tone of an offer off and on; kept on this device. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconBell, IconBellOff } from "../shared/icons.tsx";
import { isSounding, setSounding } from "./sound.ts";

export function SoundSwitch(): ComponentChildren {
  const [on, setOn] = useState(isSounding);
  const turn = () => { setSounding(!on); setOn(!on); };
  const words = on ? "Turn the sound of offers off" : "Turn the sound of offers on";
  return (
    <button type="button" class="btn btn--quiet btn--icon" aria-label={words} title={words} onClick={turn}>
      {on ? <IconBell /> : <IconBellOff />}
    </button>
  );
}
