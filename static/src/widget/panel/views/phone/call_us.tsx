/** The number to call, and the code that carries the record into the call. */
import { texts } from "@texts/phone";
import type { PhoneView } from "../../../../shared/protocol.ts";
import { groups, leftWords, secondsLeft, share, spelled } from "../../../code.ts";
import { elapsed } from "../../../../shared/time.ts";
import { IconPhone, serverNow, Sure, Trouble } from "../exports.ts";
import type { ViewProps } from "../parts.tsx";
import { Tick } from "./tick.tsx";
import { Ways, waysOf } from "./ways.tsx";

/** A device one can dial with. */
const isTelephone = (): boolean => matchMedia("(pointer: coarse)").matches;

function Bar({ seconds }: { seconds: number }) {
  return (
    <svg class="ttl" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={leftWords(seconds)}>
      <rect width="100" height="4" rx="2" />
      <rect width={share(seconds)} height="4" rx="2" />
    </svg>
  );
}

function Code({ code, small }: { code: string; small?: boolean }) {
  const [first, second] = groups(code);
  return (
    <>
      <span class="vh">{texts.code(spelled(code))}</span>
      {small && <span aria-hidden="true">{texts.code("")}</span>}
      <span class={small ? "code" : "code-big"} dir="ltr" aria-hidden="true">
        <span>{first}</span> <span>{second}</span>
      </span>
    </>
  );
}

function OnComputer({ phone, site }: { phone: PhoneView; site: string }) {
  return (
    <div class="center stack">
      <h1 class="sub" tabIndex={-1} data-focus>
        {texts.call(site)}
      </h1>
      <p class="bignum">
        <bdi>{phone.display}</bdi>
      </p>
      <p class="sub">{texts.keyIn}</p>
      <p>
        <Code code={phone.code} />
      </p>
      <Tick>
        {() => {
          const seconds = secondsLeft(phone.expires_at, serverNow());
          return (
            <>
              <Bar seconds={seconds} />
              <p class="sub">
                <span class="num">{texts.leftOnce(elapsed(seconds))}</span>
              </p>
            </>
          );
        }}
      </Tick>
    </div>
  );
}

function OnTelephone({ phone, site }: { phone: PhoneView; site: string }) {
  return (
    <div class="center stack">
      <h1 class="hello" tabIndex={-1} data-focus>
        {texts.call(site)}
      </h1>
      <p class="sub">{texts.dialled}</p>
      <p class="bignum">
        <bdi>{phone.display}</bdi>
      </p>
      <Tick>
        {() => {
          const seconds = secondsLeft(phone.expires_at, serverNow());
          return (
            <>
              <p class="sub">
                <Code code={phone.code} small />, <span class="num">{texts.left(elapsed(seconds))}</span>
              </p>
              <Bar seconds={seconds} />
            </>
          );
        }}
      </Tick>
    </div>
  );
}

/** No code, or none that works any more. */
function Without({ phone, site }: { phone: PhoneView | null; site: string }) {
  return (
    <div class="center stack">
      <h1 class="hello" tabIndex={-1} data-focus>
        {phone ? texts.codeRanOut : texts.call(site)}
      </h1>
      <p class="sub" role="status">
        {phone ? texts.codeWhy : texts.gettingCode}
      </p>
    </div>
  );
}

function placeWords({ state }: Pick<ViewProps, "state">): string {
  const { handoff, customer } = state;
  const place = typeof handoff?.position === "number" ? handoff.position : null;
  return `${customer?.verified ? texts.seesWho : texts.seesWhat} ${texts.placeCounts(place)}`;
}

function Others({ state, actions }: ViewProps) {
  const { more, asking } = state.form;
  return (
    <>
      {waysOf(state, state.handoff).length > 0 && (
        <button type="button" class="btn btn--text" aria-expanded={more} onClick={() => actions.fill({ more: !more })}>
          {texts.useAnother}
        </button>
      )}
      {more && <Ways state={state} actions={actions} />}
      {asking ? (
        <Sure state={state} actions={actions} question={texts.giveUpSure} stay={texts.keepIt} go={texts.giveUp} onGo={actions.cancel} />
      ) : (
        <button type="button" class="btn btn--text bad" onClick={() => actions.fill({ asking: true })}>
          {texts.noNeed}
        </button>
      )}
    </>
  );
}

export function CallUs(props: ViewProps) {
  return <Tick>{() => <CallUsNow {...props} />}</Tick>;
}

function CallUsNow({ state, actions }: ViewProps) {
  const { handoff, site, busy } = state;
  const phone = handoff?.phone ?? null;
  const works = phone !== null && secondsLeft(phone.expires_at, serverNow()) > 0;
  const dials = works && isTelephone();
  const Number = dials ? OnTelephone : OnComputer;
  return (
    <>
      <div class={dials ? "body body--mid" : "body"}>
        <Trouble state={state} />
        {works ? <Number phone={phone} site={site.name} /> : <Without phone={phone} site={site.name} />}
        {!dials && (
          <div class="card card--flat">
            <p class="sub">{placeWords({ state })}</p>
          </div>
        )}
        <div class="stack">
          <button type="button" class={works ? "btn btn--text" : "btn btn--primary"} aria-disabled={busy} onClick={() => void (busy || actions.post("code"))}>
            {texts.newCode}
          </button>
          <Others state={state} actions={actions} />
        </div>
      </div>
      {dials && (
        <div class="foot">
          <a class="btn btn--primary" href={phone.tel}>
            <IconPhone />
            {texts.callNow}
          </a>
        </div>
      )}
    </>
  );
}
