/**
 * The session token as the page shows it: asked of the page's own server, and spoilt on demand.
 * @typedef {import("./sluicegate/token.js").Answer} Answer
 */

export class ShownToken {
  /** @param {() => void} changed called after each change */
  constructor(changed) {
    this.changed = changed;
    this.text = "";
    /** Seconds since the epoch, by this machine's clock: the server's may differ. */
    this.expiresAt = 0;
    this.fetched = 0;
    this.spoilt = false;
    this.spoilNext = false;
  }

  /** For `Sluicegate`: a new token, or the one that there is with a signature that does not fit. @returns {Promise<Answer>} */
  async ask() {
    const answer = this.spoilNext ? this.spoil() : await this.request();
    this.spoilNext = false;
    this.text = answer.token;
    this.expiresAt = Date.now() / 1000 + answer.expires_in;
    this.changed();
    return answer;
  }

  /** @returns {Answer} */
  spoil() {
    this.spoilt = true;
    return { token: this.text.slice(0, -8) + "AAAAAAAA", expires_in: this.secondsLeft() };
  }

  /** @returns {Promise<Answer>} */
  async request() {
    const response = await fetch("/demo/token", { method: "POST" });
    const answer = await response.json();
    if (!response.ok) throw Object.assign(new Error(answer.error ?? `no token: ${response.status}`), { status: response.status });
    this.spoilt = false;
    this.fetched += 1;
    return answer;
  }

  /** @returns {number} seconds until it expires */
  secondsLeft() {
    return Math.max(0, this.expiresAt - Date.now() / 1000);
  }

  /** @returns {Record<string, string>} how the token is signed */
  header() {
    return this.decode(0);
  }

  /** @returns {Record<string, any>} what the token says; nothing here is secret */
  claims() {
    return this.decode(1);
  }

  /** @param {0 | 1} part */
  decode(part) {
    if (!this.text) return {};
    return JSON.parse(atob(this.text.split(".")[part].replaceAll("-", "+").replaceAll("_", "/")));
  }
}
