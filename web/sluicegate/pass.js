/** Which requests carry the token, and what to do about one that was refused. */
import { claims } from "./token.js";

/** @typedef {import("./token.js").Token} Token */

export const FIELD = "X-Session-Token";

/** Grants that the gateway called expired; older ones are forgotten. */
const MOST_SPENT = 100;

export class Pass {
  /** @type {Set<string>} */
  #spent = new Set();
  /** Requests that were tried once more. */
  retries = 0;

  /** @param {string} gateway its origin @param {Token} token */
  constructor(gateway, token) {
    this.gateway = gateway;
    this.token = token;
  }

  /**
   * The token to send with a request, or "" if none is to be: it goes to `/api` of this gateway, and stands beside a
   * grant that has expired. With the rest of `/play` it would cost a preflight for each new address. Never rejects:
   * without a token the gateway refuses, and the player says so.
   * @param {string} url @returns {Promise<string>}
   */
  async tokenFor(url) {
    const place = this.#place(url);
    if (!place || (place.grant && !this.#isSpent(place.grant))) return "";
    return this.token.get().catch(() => "");
  }

  /** The token for a request that is preflighted anyway, such as a licence's. @param {string} url @returns {Promise<string>} */
  async tokenAnyway(url) {
    return this.#place(url) ? this.token.get().catch(() => "") : "";
  }

  /**
   * A request was answered 401: whether to try it once more, with what `tokenFor` says then.
   * @param {string} url @param {string} sent the token that it carried, or ""
   * @returns {Promise<boolean>}
   */
  async refused(url, sent) {
    const place = this.#place(url);
    if (!place) return false;
    if (sent) this.token.drop(sent);
    else if (place.grant) this.#spend(place.grant);
    const token = await this.token.get().catch(() => "");
    if (token) this.retries += 1;
    return Boolean(token);
  }

  /**
   * As the browser's own `fetch`, with the token where it belongs, and once more on 401.
   * @param {string} url @param {RequestInit} [init] @returns {Promise<Response>}
   */
  async fetch(url, init) {
    const token = await this.tokenFor(url);
    const response = await fetch(url, token ? withToken(token, init) : init);
    if (response.status !== 401 || !await this.refused(url, token)) return response;
    return fetch(url, withToken(await this.tokenFor(url), init));
  }

  /** @param {string} grant */
  #spend(grant) {
    this.#spent.add(grant);
    if (this.#spent.size > MOST_SPENT) this.#spent = new Set([...this.#spent].slice(1));
  }

  /** A grant tells when it ends; the gateway may say that it has ended before. @param {string} grant */
  #isSpent(grant) {
    return this.#spent.has(grant) || 1000 * (claims(grant).exp ?? Infinity) + this.token.ahead <= Date.now();
  }

  /** Where at this gateway an address leads, and by which grant; null if it leads elsewhere. @param {string} url */
  #place(url) {
    const { origin, pathname } = new URL(url, location.href);
    if (origin !== this.gateway) return null;
    const [, first, grant = ""] = pathname.split("/");
    if (first === "api") return { grant: "" };
    return first === "play" ? { grant } : null;
  }
}

/** A redirect could carry the token elsewhere: the gateway makes none. @param {string} token @param {RequestInit} [init] @returns {RequestInit} */
function withToken(token, init) {
  const headers = new Headers(init?.headers);
  headers.set(FIELD, token);
  return { ...init, headers, redirect: "error" };
}
