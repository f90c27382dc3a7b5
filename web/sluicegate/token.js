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
/** Tries of one renewal, milliseconds between the first two, and the most between any. */
const TRIES = 5;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** Milliseconds without another renewal after one that failed, or after two tokens were refused; twice as many after the
 * next, and so on, up to the longest. */
const REST = 5_000;
const LONGEST_REST = 300_000;

export class Token {
  #source;
  #tell;
  #text = "";
  #droppedAt = 0;
  #renewAt = 0;
  #expiresAt = 0;
  #restUntil = 0;
  /** Renewals that failed since the last one that did not. */
  #failed = 0;
  /** The server gives no more: it is asked when somebody needs a token, and not in advance. */
  #refused = false;
  /** @type {unknown} */
  #lastError = null;
  /** @type {Promise<string> | null} */
  #pending = null;
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
    const now = Date.now();
    if (!this.#text || now >= this.#expiresAt - MARGIN) return this.renew();
    if (now >= this.#renewAt) this.renew().catch(() => {});
    return this.#text;
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

  /** The gateway refused one. If it does so again soon, a third would fare no better. @param {string} text */
  drop(text) {
    if (text !== this.#text) return;
    this.#text = "";
    const now = Date.now();
    if (now < this.#droppedAt + REST) {
      this.#lastError = new Error("the gateway refuses new tokens");
      this.#restUntil = now + REST;
    }
    this.#droppedAt = now;
  }

  end() {
    this.#ended = true;
    this.#text = "";
    clearTimeout(this.#timer);
  }

  async #renew() {
    for (let tries = 1; ; tries += 1) {
      if (this.#ended) throw new Error("destroyed");
      if (Date.now() < this.#restUntil) throw this.#lastError;
      const askedAt = Date.now();
      try {
        return this.#take(await (typeof this.#source === "string" ? ask(this.#source) : this.#source()), askedAt);
      } catch (thrown) {
        const error = /** @type {AskingError} */ (thrown);
        if (tries === TRIES || isRefusal(error)) throw this.#giveUp(error);
        const pause = Math.max(FIRST_WAIT * 2 ** (tries - 1), error.retryAfter ?? 0);
        await wait(Math.min(LONGEST_WAIT, pause) * (1 + Math.random() / 4));
      }
    }
  }

  /** @param {Answer} answer @param {number} askedAt */
  #take({ token, expires_in: seconds }, askedAt) {
    if (this.#ended) throw new Error("destroyed");
    if (typeof token !== "string" || !token || !(seconds > 0)) throw new Error("the answer has no token and expires_in");
    const { exp } = claims(token);
    this.#text = token;
    this.fetchedAt = askedAt;
    this.#expiresAt = askedAt + 1000 * seconds;
    this.#renewAt = askedAt + 1000 * seconds * (RENEWED_AT + JITTER * Math.random());
    this.ahead = exp ? this.#expiresAt - 1000 * (exp + 1) : 0; // exp is cut to seconds: too early does no harm
    this.fetched += 1;
    this.#tell("renewed", { expiresAt: this.#expiresAt, fetched: this.fetched });
    return token;
  }

  /** What plays is left alone: its grants may hold for hours. @param {AskingError} error */
  #giveUp(error) {
    this.#lastError = error;
    this.#restUntil = Date.now() + Math.min(LONGEST_REST, REST * 2 ** this.#failed);
    this.#failed += 1;
    this.#refused = isRefusal(error);
    if (!this.#ended) this.#tell("failed", { error, refused: this.#refused });
    return error;
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#ended || !this.#kept || !this.#text || this.#refused) return;
    const at = Math.max(this.#renewAt, this.#restUntil, Date.now() + 1000);
    this.#timer = setTimeout(() => this.renew().catch(() => {}), Math.min(at - Date.now(), 2 ** 31 - 1));
  }
}

/** What a JWT says of itself; nothing if it cannot be read. @param {string} text @returns {{aud?: string, sid?: string, exp?: number}} */
export function claims(text) {
  try {
    return JSON.parse(atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))) ?? {};
  } catch {
    return {};
  }
}

/** @param {string} address @returns {Promise<Answer>} */
async function ask(address) {
  const response = await fetch(address, { method: "POST", credentials: "same-origin", cache: "no-store" });
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
