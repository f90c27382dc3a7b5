/**
 * Segments of a live media playlist that is read by `/api`, by the same names for as long as they are listed. Each
 * reading brings newer grants, and another session's with each token; hls.js, which compares the references of one
 * reading with those of the next, takes that for a broken playlist. Of one that is read by a grant the gateway keeps
 * the names.
 */
import { claims } from "./token.js";

const GRANT = /\/play\/([^/\s"]+)\//g;

export class SteadyNames {
  /** @type {Map<string, {first: string, newest: string}>} grants by what they open */
  #grants = new Map();

  /** @param {string} gateway its origin */
  constructor(gateway) {
    this.gateway = gateway;
  }

  /** A playlist with the grants that were there first. @param {string} text @param {string} url where it came from */
  steady(text, url) {
    if (!url.startsWith(`${this.gateway}/api?`) || !text.includes("#EXT-X-TARGETDURATION")) return text;
    return text.replace(GRANT, (_whole, grant) => `/play/${this.#first(grant)}/`);
  }

  /** An address with the grant that holds longest. @param {string} url */
  newest(url) {
    if (!url.startsWith(`${this.gateway}/play/`)) return url;
    return url.replace(GRANT, (whole, grant) => {
      const grants = this.#grants.get(claims(grant).aud ?? "");
      return grants ? `/play/${grants.newest}/` : whole;
    });
  }

  /** @param {string} grant */
  #first(grant) {
    const { aud, exp = 0 } = claims(grant);
    if (!aud) return grant;
    const grants = this.#grants.get(aud) ?? { first: grant, newest: grant };
    if (exp > (claims(grants.newest).exp ?? 0)) grants.newest = grant;
    this.#grants.set(aud, grants);
    return grants.first;
  }
}
