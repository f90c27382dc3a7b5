/**
 * The session token: fetched from this page's own server, renewed before it expires and after a 401.
 * @typedef {{token: string, token_type: string, tier: string, expires_in: number, expires_at: number}} Answer
 */

/** Seconds before its end at which a token is replaced. */
const EARLY = 60;

export class SessionToken {
  /** @param {string} endpoint where the page's server gives tokens @param {() => void} changed called after each change */
  constructor(endpoint, changed) {
    this.endpoint = endpoint;
    this.changed = changed;
    this.text = "";
    this.expiresAt = 0;
    this.fetched = 0;
    this.spoilt = false;
    /** @type {Promise<string> | null} */
    this.pending = null;
    this.timer = 0;
  }

  /** The token, fetched if there is none that holds. @returns {Promise<string>} */
  async get() {
    return this.text && this.secondsLeft() > 1 ? this.text : this.renew();
  }

  /** A new token; callers at the same time share one request. @returns {Promise<string>} */
  renew() {
    this.pending ??= this.request().finally(() => { this.pending = null; });
    return this.pending;
  }

  /** Make the next request fail with 401, to see what happens. */
  spoil() {
    if (!this.text) return;
    this.text = this.text.slice(0, -8) + "AAAAAAAA";
    this.spoilt = true;
    this.changed();
  }

  /** @returns {number} seconds until it expires */
  secondsLeft() {
    return Math.max(0, this.expiresAt - Date.now() / 1000);
  }

  /** @returns {Record<string, string>} how the token is signed */
  header() {
    return this.decode(0);
  }

  /** @returns {Record<string, string | number>} what the token says; nothing here is secret */
  claims() {
    return this.decode(1);
  }

  /** @param {0 | 1} part */
  decode(part) {
    if (!this.text) return {};
    return JSON.parse(atob(this.text.split(".")[part].replaceAll("-", "+").replaceAll("_", "/")));
  }

  async request() {
    const response = await fetch(this.endpoint, { method: "POST" });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error ?? `no token: ${response.status}`);
    /** @type {Answer} */
    const { token, expires_in: lifetime } = answer;
    this.text = token;
    this.expiresAt = Date.now() / 1000 + lifetime; // this clock's own time: the server's may differ
    this.fetched += 1;
    this.spoilt = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.renew().catch(() => {}), Math.max(1, lifetime - EARLY) * 1000);
    this.changed();
    return token;
  }
}
