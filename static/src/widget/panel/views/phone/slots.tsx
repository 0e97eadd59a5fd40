/** The windows that can be booked, a day at a time, on the customer's own clock. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/phone";
import type { Slot } from "../../../../shared/frames.ts";
import type { Booking } from "../../../state.ts";
import { capital } from "../../../language.ts";
import { byDay, dayWords, timeIn, zoneWords, type Day } from "../../../when.ts";
import { serverNow } from "../exports.ts";

interface SlotProps {
  /** Undefined: on its way. Null: it could not be read. */
  slots: readonly Slot[] | null | undefined;
  zone: string;
  booking: Booking;
  onPick(change: Booking): void;
  onRetry(): void;
}

/** "London time, 20-minute windows." */
function fineWords([slot]: readonly Slot[], zone: string): string {
  const minutes = slot ? Math.round((Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000) : 0;
  return texts.windows(zoneWords(zone), minutes);
}

function DayPicks({ days, day, zone, onPick }: { days: readonly Day[]; day: Day; zone: string; onPick(date: string): void }) {
  return (
    <fieldset class="stack">
      <legend class="head-s">{texts.day}</legend>
      <div class="chips">
        {days.map(({ date }) => (
          <label key={date} class="pick pick--chip">
            <input type="radio" name="day" checked={date === day.date} onChange={() => onPick(date)} />
            <span class="grow">{capital(dayWords(date, zone, serverNow()))}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function SlotPicks({ slots, zone, booking, onPick, onRetry }: SlotProps) {
  if (slots === undefined) {
    return (
      <p class="sub" role="status">
        {texts.looking}
      </p>
    );
  }
  if (slots === null) {
    return (
      <div class="stack" role="alert">
        <p class="sub">{texts.notRead}</p>
        <button type="button" class="btn" onClick={onRetry}>
          {core.tryAgain}
        </button>
      </div>
    );
  }
  const days = byDay(slots);
  const picked = slots.find(({ starts_at }) => starts_at === booking.slot)?.date;
  const day = days.find(({ date }) => date === (booking.day ?? picked)) ?? days[0];
  if (!day) return <p class="sub">{texts.noneFree}</p>;
  return (
    <>
      {days.length > 1 && <DayPicks days={days} day={day} zone={zone} onPick={(date) => onPick({ day: date })} />}
      <fieldset class="stack">
        <legend class="head-s">{days.length > 1 ? texts.time : capital(dayWords(day.date, zone, serverNow()))}</legend>
        <div class="slots">
          {day.slots.map((slot) => (
            <label key={slot.starts_at} class="pick">
              <input type="radio" name="slot" checked={slot.starts_at === booking.slot} onChange={() => onPick({ slot: slot.starts_at })} />
              <span class="grow num">{timeIn(slot.starts_at, zone)}</span>
            </label>
          ))}
        </div>
        <p class="foot__fine">{fineWords(day.slots, zone)}</p>
      </fieldset>
    </>
  );
}
