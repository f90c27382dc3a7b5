/**
 * A session token: fetched from the provider's own server, renewed before it ends and when it is refused.
 * @typedef {{token: string, expires_in: number}} Answer what `POST /api/auth` answers; `expires_in` in seconds
 * @typedef {string | (() => Promise<Answer>)} TokenSource an address that answers POST with an `Answer`, or a function,
 *   whose errors may have a `status`: 401, 403 and the like say that asking again is of no use
 * @typedef {Error & {status?: number, retryAfter?: number}} AskingError `retryAfter` in milliseconds
 * @typedef {(name: "renewed" | "failed", detail: object) => void} Tell
 */

/** Milliseconds. A token so close to its end is not sent any more. */
const MARGIN = 2_000;
/** When a token is renewed, as a part of its life, and a part that chance adds, lest all viewers ask at once. */
const RENEWED_AT = 0.7;
const JITTER = 0.15;
/** Tries of one renewal, milliseconds between the first two, and the most between any: who wants more has it rest. */
const TRIES = 5;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** Milliseconds after which a try that has not been answered is given up: what was lost with the network never is. */
const PATIENCE = 10_000;
/** Milliseconds without another renewal after one that failed, or after a second token in a row was refused when it was not
 * older than that; twice as many after the next, and so on, up to the longest. */
const REST = 5_000;
const LONGEST_REST = 300_000;

export class Token {
  #source;
  #tell;
  #text = "";
  /** Tokens in a row that were refused while they were new. */
  #dropped = 0;
  /** When it was asked for, by the clock and by that of the page, which nobody sets but which may sleep; milliseconds. */
  #asked = { at: 0, tick: 0 };
  /** How long it holds, and after how long it is to be renewed. */
  #life = 0;
  #renewAfter = 0;
  #restUntil = 0;
  /** The machine was offline as a renewal failed: there is nothing to rest from once it is not. */
  #wasOffline = false;
  /** Renewals that failed since the last one that did not. */
  #failed = 0;
  /** The server gives no more: it is asked when somebody needs a token, and not in advance. */
  #refused = false;
  /** @type {unknown} */
  #lastError = null;
  /** @type {Promise<string> | null} */
  #pending = null;
  /** @type {AbortController | null} */
  #asking = null;
  #timer = 0;
  #kept = false;
  #ended = false;
  /** Milliseconds that this machine's clock is ahead of the gateway's. */
  ahead = 0;
  /** Tokens so far. */
  fetched = 0;

  /** @param {TokenSource} source @param {Tell} tell */
  constructor(source, tell) {
    this.#source = source;
    this.#tell = tell;
  }

  /** A token that holds. The clock is looked at each time, for timers sleep with the machine. @returns {Promise<string>} */
  async get() {
    const age = this.#age;
    if (!this.#text || age >= this.#life - MARGIN) return this.renew();
    if (age >= this.#renewAfter) this.renew().catch(() => {});
    return this.#text;
  }

  /** Milliseconds since it was asked for, at least. */
  get #age() {
    return Math.max(Date.now() - this.#asked.at, performance.now() - this.#asked.tick);
  }

  /** A new one, the same for all who ask meanwhile. Rejects when there is none to be had. @returns {Promise<string>} */
  renew() {
    this.#pending ??= this.#renew().finally(() => { this.#pending = null; this.#schedule(); });
    return this.#pending;
  }

  /** Whether to renew it in time although nobody asks. @param {{kept: boolean}} whether */
  keep({ kept }) {
    this.#kept = kept;
    this.#schedule();
  }

  /** The gateway refused one. If it refuses the next as well, a third would fare no better. @param {string} text */
  drop(text) {
    if (text !== this.#text) return;
    this.#text = "";
    this.#dropped = this.#age < REST ? this.#dropped + 1 : 1;
    if (this.#dropped > 1) this.#rest(new Error("the gateway refuses new tokens"), this.#dropped - 2);
  }

  end() {
    this.#ended = true;
    this.#text = "";
    this.#asking?.abort(new Error("destroyed"));
    clearTimeout(this.#timer);
  }

  async #renew() {
    const rest = this.#restLeft;
    if (rest > REST || (rest > 0 && this.#refused)) throw this.#lastError;
    if (rest > 0) await wait(rest); // without a token whoever asks would be refused for good
    for (let tries = 1; ; tries += 1) {
      if (this.#ended) throw new Error("destroyed");
      const asked = { at: Date.now(), tick: performance.now() };
      try {
        return this.#take(await this.#ask(), asked);
      } catch (thrown) {
        const error = /** @type {AskingError} */ (thrown);
        const pause = Math.max(FIRST_WAIT * 2 ** (tries - 1), error.retryAfter ?? 0);
        if (tries === TRIES || pause > LONGEST_WAIT || isRefusal(error)) throw this.#giveUp(error);
        await wait(pause * (1 + Math.random() / 4));
      }
    }
  }

  /** One try, which ends with its answer, with `PATIENCE` or with this. @returns {Promise<Answer>} */
  async #ask() {
    const source = this.#source;
    const asking = this.#asking = new AbortController();
    const timer = setTimeout(() => asking.abort(new Error(`no token within ${PATIENCE / 1000} s`)), PATIENCE);
    try {
      return await untilAborted(typeof source === "string" ? ask(source, asking.signal) : source(), asking.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {Answer} answer @param {{at: number, tick: number}} asked */
  #take({ token, expires_in: seconds }, asked) {
    if (this.#ended) throw new Error("destroyed");
    if (typeof token !== "string" || !token || !(seconds > 0)) throw new Error("the answer has no token and expires_in");
    const { exp } = claims(token);
    this.#text = token;
    this.#asked = asked;
    this.#life = 1000 * seconds;
    this.#renewAfter = this.#life * (RENEWED_AT + JITTER * Math.random());
    const expiresAt = asked.at + this.#life;
    this.ahead = exp ? expiresAt - 1000 * (exp + 1) : 0; // exp is cut to seconds: too early does no harm
    this.fetched += 1;
    this.#failed = 0;
    this.#refused = false;
    this.#tell("renewed", { expiresAt, fetched: this.fetched });
    return token;
  }

  /** What plays is left alone: its grants may hold for hours. @param {AskingError} error */
  #giveUp(error) {
    this.#rest(error, this.#failed);
    this.#wasOffline = !navigator.onLine;
    this.#failed += 1;
    this.#refused = isRefusal(error);
    if (!this.#ended) this.#tell("failed", { error, refused: this.#refused });
    return error;
  }

  /** @param {AskingError} error why @param {number} before rests in a row before this one */
  #rest(error, before) {
    this.#lastError = error;
    this.#wasOffline = false;
    this.#restUntil = Date.now() + Math.min(LONGEST_REST, Math.max(REST * 2 ** before, error.retryAfter ?? 0));
  }

  /** Milliseconds; a clock that was put back makes no rest longer than it can be. */
  get #restLeft() {
    const left = this.#restUntil - Date.now();
    return left > LONGEST_REST || (this.#wasOffline && navigator.onLine) ? 0 : left;
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#ended || !this.#kept || !this.#text || this.#refused) return;
    const left = Math.max(this.#renewAfter - this.#age, this.#restLeft, 1000);
    this.#timer = setTimeout(() => this.renew().catch(() => {}), Math.min(left, 2 ** 31 - 1));
  }
}

/**
 * What a promise gives, or the reason of a signal that comes first.
 * @template T
 * @param {Promise<T>} promise @param {AbortSignal} signal @returns {Promise<T>}
 */
export function untilAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** What a JWT says of itself; nothing if it cannot be read. @param {string} text @returns {{aud?: string, sid?: string, exp?: number}} */
export function claims(text) {
  try {
    return JSON.parse(atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))) ?? {};
  } catch {
    return {};
  }
}

/** @param {string} address @param {AbortSignal} signal @returns {Promise<Answer>} */
async function ask(address, signal) {
  const response = await fetch(address, { method: "POST", credentials: "same-origin", cache: "no-store", signal });
  if (response.ok) return response.json();
  /** @type {AskingError} */
  const error = new Error(`${address} answered ${response.status}`);
  error.status = response.status;
  error.retryAfter = 1000 * Number(response.headers.get("Retry-After")) || 0;
  throw error;
}

/** Whether the server will give none, however often it is asked. @param {AskingError} error */
function isRefusal({ status = 0 }) {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** @param {number} milliseconds */
function wait(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}
