/** The number to call, and the code that carries the record into the call. */
import type { PhoneView } from "../../../../shared/protocol.ts";
import { ordinal } from "../../../calls.ts";
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
      <span class="vh">Code {spelled(code)}</span>
      {small && <span aria-hidden="true">Code </span>}
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
        Call {site}
      </h1>
      <p class="bignum">
        <bdi>{phone.display}</bdi>
      </p>
      <p class="sub">and when asked, key in</p>
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
                <span class="num">{elapsed(seconds)}</span> left, works once
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
        Call {site}
      </h1>
      <p class="sub">Your code is dialled for you, after a short pause.</p>
      <p class="bignum">
        <bdi>{phone.display}</bdi>
      </p>
      <Tick>
        {() => {
          const seconds = secondsLeft(phone.expires_at, serverNow());
          return (
            <>
              <p class="sub">
                <Code code={phone.code} small />, <span class="num">{elapsed(seconds)}</span> left
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
        {phone ? "This code ran out" : `Call ${site}`}
      </h1>
      <p class="sub" role="status">
        {phone ? "Codes work for ten minutes. Get a new one; your place is kept." : "Getting your code"}
      </p>
    </div>
  );
}

function placeWords({ state }: Pick<ViewProps, "state">): string {
  const { handoff, customer } = state;
  const who = customer?.verified ? "who you are and what you did here" : "what you did here";
  const place = typeof handoff?.position === "number" ? ` You are ${ordinal(handoff.position)}, and your place` : " Your place";
  return `With the code, the agent sees ${who} before saying hello.${place} counts from when you pressed help.`;
}

function Others({ state, actions }: ViewProps) {
  const { more, asking } = state.form;
  return (
    <>
      {waysOf(state, state.handoff).length > 0 && (
        <button type="button" class="btn btn--text" aria-expanded={more} onClick={() => actions.fill({ more: !more })}>
          Use another way
        </button>
      )}
      {more && <Ways state={state} actions={actions} />}
      {asking ? (
        <Sure state={state} actions={actions} question="Give up your place?" stay="Keep it" go="Give it up" onGo={actions.cancel} />
      ) : (
        <button type="button" class="btn btn--text bad" onClick={() => actions.fill({ asking: true })}>
          I don’t need it any more
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
            New code
          </button>
          <Others state={state} actions={actions} />
        </div>
      </div>
      {dials && (
        <div class="foot">
          <a class="btn btn--primary" href={phone.tel}>
            <IconPhone />
            Call now
          </a>
        </div>
      )}
    </>
  );
}
