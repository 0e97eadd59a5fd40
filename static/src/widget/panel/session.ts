/** Who is asking: opens, upgrades, renews and ends the session; its token lives here and in the frame's own storage. */
import { request, type ApiRequest } from "../../shared/api.ts";
import { ApiError, type SignInNeeds } from "../../shared/errors.ts";
import type { Calling, Customer, Fact, Handoff, IntentOption, Recent } from "../../shared/frames.ts";
import { readJson, type KeyValue } from "../../shared/storage.ts";
import type { Need } from "../bridge.ts";
import type { SessionOpened } from "../state.ts";
import type { Answer } from "./host.ts";

interface Kept {
  token: string;
  customer: Customer;
}

interface SessionBody {
  token: string;
  customer: Customer;
  facts: Fact[];
  intents: IntentOption[];
  handoff: Handoff | null;
  scheduled: Handoff[];
  calling: Calling | null;
  recent: Recent | null;
}

export interface SessionOptions {
  site: string;
  storage: KeyValue;
  /** The page's origin, for the record. */
  embeddedBy(): string | null;
  /** Null: the page has no provider of tokens. */
  identity(need: Need): Promise<Answer> | null;
  /** `same`: the customer that was here before. */
  onOpened(opened: SessionOpened, same: boolean): void;
  onRefused(code: string, message: string): void;
  /** The site's token was not accepted: told to the page's developer, while the person goes on without it. */
  onTokenRefused(code: string, message: string): void;
  onWiped(): void;
}

const KEY = "handoff.session";
const STALE = new Set(["session_required", "session_expired"]);

export class Session {
  #kept: Kept | null;
  #queue: Promise<unknown> = Promise.resolve();

  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#kept = readJson<Kept>(options.storage, KEY);
  }

  /**
   * At the start of a page, and whenever the page announces a provider.
   * `back`: the tab comes from a page that confirms. A session that goes on says so itself; where none could be kept, the token does.
   */
  open(back?: true): Promise<void> {
    return this.#serially(async () => {
      const answer = await this.#options.identity({});
      await this.#meet(answer, this.#kept ? undefined : back);
    });
  }

  /** The server refused the session's token. True: there is a new one. */
  renew(): Promise<boolean> {
    return this.#serially(async () => {
      const answer = await this.#options.identity({});
      const verified = this.#kept?.customer.verified ?? false;
      if (this.#kept) this.#kept = { ...this.#kept, token: "" };
      if (answer && !answer.error) await this.#meet(answer);
      else if (!verified) await this.#create(null, "");
      else return false;
      return true;
    });
  }

  /**
   * Asks the page for a stronger or fresher sign-in. Whether it is enough, the next request tells; nobody is signed out for it.
   * `answers`: an agent asked for it. False: the page gave none.
   */
  stepUp({ acr_values, max_age }: SignInNeeds, answers?: true): Promise<boolean> {
    return this.#serially(async () => {
      const need = { ...(acr_values.length > 0 && { acr_values: acr_values.join(" ") }), ...(max_age !== null && { max_age }) };
      const answer = await this.#options.identity(need);
      return !!answer?.token && this.#present(answer.token, answers);
    });
  }

  async logout(): Promise<void> {
    const token = this.#kept?.token;
    this.#wipe();
    // The device is clean even if the server cannot be told: the session then ends by its own clock.
    if (token) await request("/api/v1/sessions", { method: "DELETE", headers: bearer(token) }).catch(() => undefined);
  }

  /** For a request that is not made here. */
  authorization(): Record<string, string> {
    return bearer(this.#kept?.token ?? "");
  }

  call<T>(path: string, options: ApiRequest = {}): Promise<T> {
    return request<T>(`/api/v1/${path}`, { ...options, headers: this.authorization() });
  }

  ticket(): Promise<{ ticket: string; url: string }> {
    return this.call("sessions/ticket", { method: "POST" });
  }

  /** One at a time: two tokens presented at once would end each other's session. */
  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done.catch((error: unknown) => {
      if (error instanceof ApiError) this.#options.onRefused(error.code, error.message);
      throw error;
    });
  }

  async #meet(answer: Answer | null, answers?: true): Promise<void> {
    if (answer?.token && (await this.#present(answer.token, answers))) return;
    const signedOut = answer !== null && !answer.error && !answer.token;
    if (signedOut && this.#kept?.customer.verified) this.#wipe();
    await this.#resume();
  }

  /** False: the token was refused, and nothing changed. */
  async #present(token: string, answers?: true): Promise<boolean> {
    try {
      await this.#create(token, this.#kept?.token ?? "", answers);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const changed = error.code === "customer_changed";
      if (changed) this.#wipe();
      else if (error.code.startsWith("token_")) return this.#options.onTokenRefused(error.code, error.message), false;
      else if (!this.#kept || !STALE.has(error.code)) throw error;
      // The refused request may have used the token up: it opens one session only.
      const again = await this.#options.identity({});
      await this.#create(again?.token ?? null, "");
      return true;
    }
  }

  /** A session of an earlier page goes on; one that ended meanwhile leaves nothing of a verified customer behind. */
  async #resume(): Promise<void> {
    const token = this.#kept?.token ?? "";
    try {
      await this.#create(null, token);
    } catch (error) {
      if (!token || !(error instanceof ApiError) || !STALE.has(error.code)) throw error;
      if (this.#kept?.customer.verified) this.#wipe();
      await this.#create(null, "");
    }
  }

  async #create(identity: string | null, current: string, answers_verification?: true): Promise<void> {
    const embedded_by = this.#options.embeddedBy();
    const body = { site: this.#options.site, ...(identity && { identity_token: identity }), ...(embedded_by && { embedded_by }), answers_verification };
    const session = await request<SessionBody>("/api/v1/sessions", { method: "POST", body, headers: current ? bearer(current) : {} });
    this.#accept(session);
  }

  #accept({ token, customer, facts: signed, ...rest }: SessionBody): void {
    const before = this.#kept?.customer;
    if (before?.verified && before.id !== customer.id) this.#wipe();
    this.#kept = { token, customer };
    this.#options.storage.set(KEY, JSON.stringify(this.#kept));
    this.#options.onOpened({ customer, signed, ...rest }, before?.id === customer.id);
  }

  #wipe(): void {
    this.#kept = null;
    this.#options.storage.remove(KEY);
    this.#options.onWiped();
  }
}

function bearer(token: string): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
