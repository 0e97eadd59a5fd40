/** When and where to be called: for a new callback, instead of the way one is on, or at another time than was told. */
import { texts as core } from "@texts/core";
import { texts } from "@texts/phone";
import type { ComponentChildren } from "preact";
import type { Handoff, IntentOption, Slots } from "../../../../shared/frames.ts";
import { rankOf, type Booking, type PanelState } from "../../../state.ts";
import { stripInvisible } from "../../../../shared/safe_url.ts";
import { refusedWords } from "../../../calls.ts";
import { dayIn, dayWords, isNear, ownZone, spanWords } from "../../../when.ts";
import { channelWords, Component, IconCallback, IconClock, intentOf, serverNow, Trouble, waitWords } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { SlotPicks } from "./slots.tsx";

/** What the form is about, told from the state. */
interface Asked extends ViewProps {
  booking: Booking;
  /** The one whose time is changed. */
  moved: Handoff | undefined;
  intent: string | null;
  option: IntentOption["channels"][number] | undefined;
  when: NonNullable<Booking["when"]>;
  zone: string;
}

function askedOf({ state, actions }: ViewProps): Asked {
  const { form, handoff, scheduled, intents, draft } = state;
  const { booking, sheet } = form;
  const moved = [handoff, ...scheduled].find((one) => one?.id === sheet?.about) ?? undefined;
  const intent = moved?.intent.key ?? handoff?.intent.key ?? draft.intent;
  const option = intentOf(intents, intent)?.channels.find(({ channel }) => channel === "callback");
  const turn = option && rankOf(option) < 2;
  const when = booking.when ?? (moved ? 15 : option?.state === "open" ? "turn" : "window");
  return { state, actions, booking, moved, intent, option, when: when === "turn" && !turn ? "window" : when, zone: ownZone() };
}

const fill = ({ actions, booking }: Asked, change: Booking): void => actions.fill({ booking: { ...booking, ...change } });

/** The same name, wherever in the request it stood. */
const problemOf = ({ fields }: PanelState, name: string): string | undefined => Object.entries(fields).find(([key]) => key.split(".").at(-1) === name)?.[1];

/** What is consented to, as it is shown: the site's own sentence, or ours in the language of the panel. */
function consentWords({ calling, site }: PanelState): string {
  return calling?.is_standard ? texts.consent(site.name) : (calling?.consent ?? "");
}

const chosenSlot = ({ booking }: Asked) => booking.slots?.open?.find(({ starts_at }) => starts_at === booking.slot);
const phoneOf = ({ booking, state }: Asked): string => booking.phone ?? state.calling?.number ?? "";

function WhenPick({ asked, value, name, children, blocked }: { asked: Asked; value: Asked["when"]; name: string; children?: ComponentChildren; blocked?: boolean }) {
  const Icon = value === "turn" ? IconCallback : IconClock;
  return (
    <label class="pick">
      <input type="radio" name="when" checked={asked.when === value} disabled={blocked ?? false} onChange={() => fill(asked, { when: value })} />
      <Icon large />
      <span class="grow">
        <b>{name}</b>
        {children && <small>{children}</small>}
      </span>
    </label>
  );
}

function turnWords({ state, option }: Asked): string {
  const { handoff } = state;
  if (option?.state !== "open" || handoff?.state !== "queued") return option ? channelWords(option) : "";
  return texts.waitAndPlace(waitWords(handoff.estimate), typeof handoff.position === "number" ? handoff.position : null);
}

function When({ asked }: { asked: Asked }) {
  const { moved, option } = asked;
  return (
    <fieldset class="stack">
      <legend class="vh">{texts.when}</legend>
      {moved ? (
        <>
          <WhenPick asked={asked} value={15} name={texts.in15} />
          <WhenPick asked={asked} value={60} name={texts.inHour} />
        </>
      ) : (
        <WhenPick asked={asked} value="turn" name={texts.onTurn} blocked={!option || rankOf(option) > 1}>
          {turnWords(asked)}
        </WhenPick>
      )}
      <WhenPick asked={asked} value="window" name={texts.chosenTime}>
        {rangeWords(asked)}
      </WhenPick>
    </fieldset>
  );
}

/** How far the open windows reach: the first, and the last day. */
function rangeWords({ booking, zone }: Asked): string {
  const open = booking.slots?.open ?? [];
  const [first, last] = [open[0], open.at(-1)];
  if (!first || !last) return "";
  const day = (date: string) => dayWords(date, zone, serverNow());
  return first.date === last.date ? day(first.date) : texts.dayRange(day(first.date), day(last.date));
}

function numberHint({ state, booking }: Asked): string {
  const signed = state.calling?.number;
  if (!signed) return texts.countryCode;
  return (booking.phone ?? signed) === signed
    ? texts.fromProfile
    : texts.newNumber;
}

function NumberField({ asked }: { asked: Asked }) {
  const problem = problemOf(asked.state, "phone");
  return (
    <div>
      <label class="label" for="phone">
        {texts.onNumber}
      </label>
      <input
        class="input num"
        id="phone"
        type="tel"
        autocomplete="tel"
        dir="ltr"
        maxLength={40}
        value={phoneOf(asked)}
        aria-invalid={problem !== undefined}
        aria-describedby="phone-why"
        onInput={({ currentTarget }) => fill(asked, { phone: currentTarget.value })}
      />
      <p class={problem ? "sub bad" : "sub"} id="phone-why">
        {problem ? refusedWords(problem) : numberHint(asked)}
      </p>
    </div>
  );
}

/** What is still missing before the button does anything. */
function missingWords(asked: Asked): string {
  if (asked.when === "window" && !chosenSlot(asked)) return asked.booking.slots?.open?.length === 0 ? texts.noTime : texts.pickTime;
  if (asked.moved) return "";
  if (!asked.state.calling) return texts.noCalls;
  return phoneOf(asked).replace(/\D/g, "").length < 5 ? texts.numberFirst : "";
}

function buttonWords(asked: Asked): string {
  const { when, moved, zone, state } = asked;
  const slot = chosenSlot(asked);
  if (state.busy) return core.busy;
  if (when === "turn") return texts.callOnTurn;
  if (when !== "window") return when === 60 ? texts.callInHour : texts.callIn(when);
  if (!slot) return texts.bookThis;
  const day = dayIn(slot.starts_at, zone);
  return (moved ? texts.move : texts.book)(spanWords(slot, zone), dayWords(day, zone, serverNow()), isNear(day, zone, serverNow()));
}

async function send(asked: Asked): Promise<void> {
  const { actions, state, moved, when, zone } = asked;
  const slot = when === "window" ? chosenSlot(asked) : undefined;
  const window = slot && { date: slot.date, from: slot.from, to: slot.to };
  if (moved) return actions.post("snooze", window ? { window, time_zone: zone } : { minutes: when }, moved.id);
  const callback = { phone: phoneOf(asked), consent: stripInvisible(consentWords(state)), time_zone: zone, ...(window && { window }) };
  return state.handoff ? actions.post("channel", { channel: "callback", callback }) : actions.start(callback);
}

function Foot({ asked }: { asked: Asked }) {
  const { actions, moved, state } = asked;
  const missing = missingWords(asked);
  const blocked = state.busy || missing !== "";
  return (
    <div class="foot">
      {!moved && <p class="foot__fine foot__consent">{consentWords(state)}</p>}
      {missing && (
        <p class="foot__fine" id="missing">
          {missing}
        </p>
      )}
      <button type="submit" class="btn btn--primary" aria-disabled={blocked} aria-describedby={missing ? "missing" : undefined}>
        {buttonWords(asked)}
      </button>
      <button type="button" class="btn btn--text" onClick={() => actions.fill({ sheet: null })}>
        {texts.back}
      </button>
    </div>
  );
}

export class CallbackForm extends Component<ViewProps> {
  override componentDidMount(): void {
    void this.#readSlots();
  }

  /** A refusal is told where it belongs; and a window that was refused is likely gone. */
  override componentDidUpdate(before: ViewProps): void {
    const { fields } = this.props.state;
    if (fields === before.state.fields) return;
    if (problemOf(this.props.state, "phone")) document.getElementById("phone")?.focus();
    if (problemOf(this.props.state, "window")) void this.#readSlots();
  }

  render(): ComponentChildren {
    const asked = askedOf(this.props);
    const { state, moved, when, intent, booking, zone } = asked;
    const shown = booking.slots?.intent === intent ? booking.slots : undefined;
    const atTheField = problemOf(state, "phone");
    return (
      <form
        class="rest"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!state.busy && !missingWords(asked)) void send(asked);
        }}
      >
        <div class="body">
          <h1 class="hello" tabIndex={-1} data-focus>
            {moved ? texts.anotherTime : texts.weCall}
          </h1>
          {!atTheField && <Trouble state={state} />}
          <When asked={asked} />
          {when === "window" && (
            <SlotPicks slots={shown && shown.open} zone={zone} booking={booking} onPick={(change) => fill(asked, change)} onRetry={() => void this.#readSlots()} />
          )}
          {!moved && <NumberField asked={asked} />}
        </div>
        <Foot asked={asked} />
      </form>
    );
  }

  async #readSlots(): Promise<void> {
    const { actions, intent, zone } = askedOf(this.props);
    if (!intent) return;
    const answer = await actions.read<Slots>(`availability/slots?${new URLSearchParams({ intent, time_zone: zone })}`);
    fill(askedOf(this.props), { slots: { intent, open: answer?.slots ?? null } });
  }
}
