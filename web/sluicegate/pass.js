/** Which requests carry the token, and what to do about one that was refused. */
import { claims, untilAborted } from "./token.js";

/**
 * @typedef {import("./token.js").Token} Token
 * @typedef {Pick<Pass, "gateway" | "tokenFor" | "tokenAnyway" | "refused"> & {end(): void}} Lent
 */

export const FIELD = "X-Session-Token";

/** The content type of the gateway's own refusals; an origin's 401, which asks for other credentials, has its own. */
const PROBLEM = "application/problem+json";
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
   * @param {string | null | undefined} type the content type of the answer
   * @param {boolean} [tried] whether it was tried once more already
   * @returns {Promise<boolean>}
   */
  async refused(url, sent, type, tried = false) {
    const place = this.#place(url);
    if (!place || !type?.startsWith(PROBLEM)) return false;
    if (sent) this.token.drop(sent);
    else if (place.grant) this.#spend(place.grant);
    if (tried) return false;
    const token = await this.token.get().catch(() => "");
    if (token) this.retries += 1;
    return Boolean(token);
  }

  /** The same for one player, until it is taken off that. @returns {Lent} */
  lend() {
    let ended = false;
    return {
      gateway: this.gateway,
      tokenFor: async (url) => (ended ? "" : this.tokenFor(url)),
      tokenAnyway: async (url) => (ended ? "" : this.tokenAnyway(url)),
      refused: async (...refusal) => !ended && this.refused(...refusal),
      end() { ended = true; },
    };
  }

  /**
   * As the browser's own `fetch`, with the token where it belongs, and once more on 401.
   * @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    const { url, signal } = request;
    for (let tried = false; ; tried = true) {
      const token = await untilAborted(this.tokenFor(url), signal);
      const response = await fetch(withToken(token, tried ? request : request.clone()));
      if (response.status !== 401) return response;
      const refused = this.refused(url, token, response.headers.get("Content-Type"), tried);
      if (!await untilAborted(refused, signal)) return response;
    }
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
    const { origin, pathname } = resolved(url);
    if (origin !== this.gateway) return null;
    const [, first, grant = ""] = pathname.split("/");
    if (first === "api") return { grant: "" };
    return first === "play" ? { grant } : null;
  }
}

/** An address as requests are resolved, which is by `<base>`. What is none leads nowhere. @param {string} url */
function resolved(url) {
  try {
    return new URL(url, globalThis.document?.baseURI ?? location.href);
  } catch {
    return { origin: "", pathname: "" };
  }
}

/** A redirect could carry the token elsewhere: the gateway makes none. @param {string} token @param {Request} request */
function withToken(token, request) {
  if (!token) return request;
  const headers = new Headers(request.headers);
  headers.set(FIELD, token);
  return new Request(request, { headers, redirect: "error" });
}
