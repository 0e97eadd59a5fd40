/** Earlier handoffs of the same customer, each of which opens where it stands. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { IconRight } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { moment } from "../shared/time.ts";
import { ChannelIcon } from "./channel_icon.tsx";
import { useMinutes } from "./context.tsx";
import { useSupervisor } from "./elsewhere.tsx";
import type { DeskHandoff, PastHandoff } from "./wire.ts";
import { closeWords, dispositionWords } from "./words.ts";

export function Earlier({ handoff: { history, customer } }: { handoff: DeskHandoff }): ComponentChildren {
  return (
    <section class="pane__sec" aria-labelledby="pane-earlier">
      <h3 class="pane__h" id="pane-earlier">Earlier<span class="meta">{history.length > 0 ? history.length : ""}</span></h3>
      {history.length === 0
        ? <p class="meta">{customer.verified ? "First time. There is no earlier handoff of this customer." : "This customer is not verified, so nothing earlier may be tied to them."}</p>
        : history.map((past) => <Past key={past.id} past={past} />)}
    </section>
  );
}

function outcomeOf({ disposition, close_reason }: PastHandoff): string {
  if (close_reason === "erased") return "Erased: what it held is gone";
  if (disposition) return dispositionWords(disposition);
  return close_reason ? `Closed: ${closeWords(close_reason)}` : "Still open";
}

function Past({ past }: { past: PastHandoff }): ComponentChildren {
  const now = useMinutes();
  const [open, setOpen] = useState(false);
  const part = useSupervisor(open);
  return (
    <div class="past">
      <ChannelIcon channel={past.channel} />
      <button type="button" class="past__open" aria-expanded={open} onClick={() => setOpen(!open)}><b class="cut">{past.intent.label}</b><IconRight /></button>
      <span class="meta num">{moment(past.at, now)}</span>
      <p>{outcomeOf(past)}.{past.note && <> <Text text={past.note} /></>}</p>
      {open && (
        <div class="past__in">
          {typeof part === "string"
            ? <p class="meta" role="status">{part === "failed" ? "It could not be loaded. Close and open it to try again." : "Opening"}</p>
            : <part.Record id={past.id} />}
        </div>
      )}
    </div>
  );
}
