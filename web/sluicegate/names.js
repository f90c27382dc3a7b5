/**
 * Segments of live playlists by the same names for as long as they are listed. The gateway renews the grants in them,
 * and hls.js, which compares the references of one reading with those of the next, takes that for a broken playlist.
 */
import { claims } from "./token.js";

const GRANT = /\/play\/([^/\s"]+)\//g;

export class SteadyNames {
  /** @type {Map<string, {first: string, newest: string}>} grants by what they open, and for whom */
  #grants = new Map();

  /** @param {string} gateway its origin */
  constructor(gateway) {
    this.gateway = gateway;
  }

  /** A playlist with the grants that were there first. @param {string} text @param {string} url where it came from */
  steady(text, url) {
    if (!text.startsWith("#EXTM3U") || !url.startsWith(this.gateway)) return text;
    const named = this.#renamed(text, (grants) => grants.first);
    const directory = this.#renamed(url.slice(this.gateway.length).replace(/[^/]*([?#].*)?$/s, ""), (grants) => grants.first);
    return directory.startsWith("/play/") ? named.replaceAll(directory, "") : named;
  }

  /** An address with the grant that holds longest. @param {string} url */
  newest(url) {
    return url.startsWith(`${this.gateway}/play/`) ? this.#renamed(url, (grants) => grants.newest) : url;
  }

  /** @param {string} text @param {(grants: {first: string, newest: string}) => string} chosen */
  #renamed(text, chosen) {
    return text.replace(GRANT, (_whole, grant) => `/play/${chosen(this.#seen(grant))}/`);
  }

  /** @param {string} grant */
  #seen(grant) {
    const { aud, sid, exp = 0 } = claims(grant);
    if (!aud) return { first: grant, newest: grant };
    const key = `${aud} ${sid}`;
    const grants = this.#grants.get(key) ?? { first: grant, newest: grant };
    if (exp > (claims(grants.newest).exp ?? 0)) grants.newest = grant;
    this.#grants.set(key, grants);
    return grants;
  }
}
