/**
 * Token life for players: fetches session tokens from the provider's own server, which keeps the key; shows them to the
 * gateway and to nobody else; renews them before they end; and has what was refused tried once more, so that what plays
 * goes on. No dependencies, no globals; docs/players.md has a snippet for each player.
 *
 *     const gate = new Sluicegate({ gateway: "https://gw.example.com", token: "/token" });
 *     gate.attachHls(hls);
 *     hls.loadSource(gate.source("https://media.example.com/master.m3u8"));
 *
 * @typedef {import("./sluicegate/token.js").TokenSource} TokenSource
 * @typedef {import("./sluicegate/hls.js").Hls} Hls
 * @typedef {import("./sluicegate/shaka.js").Shaka} Shaka
 * @typedef {import("./sluicegate/dash.js").Dash} Dash
 * @typedef {import("./sluicegate/videojs.js").VideoJs} VideoJs
 */
import { attachDash } from "./sluicegate/dash.js";
import { attachHls } from "./sluicegate/hls.js";
import { NativePlayback } from "./sluicegate/native.js";
import { Pass } from "./sluicegate/pass.js";
import { attachShaka } from "./sluicegate/shaka.js";
import { Token } from "./sluicegate/token.js";
import { attachVideojs } from "./sluicegate/videojs.js";

/**
 * @typedef {{renewed: CustomEvent<{expiresAt: number, fetched: number}>,
 *   failed: CustomEvent<{error: Error & {status?: number}, refused: boolean}>, stopped: CustomEvent<{error: Error}>}} Events
 * @typedef {{addEventListener<Name extends keyof Events>(name: Name, heard: (event: Events[Name]) => void,
 *   options?: boolean | AddEventListenerOptions): void}} Telling
 */
const Target = /** @type {new () => Telling & EventTarget} */ (EventTarget);

/** What lets go of an element that the browser plays by itself. @type {WeakMap<HTMLVideoElement, () => void>} */
const playing = new WeakMap();

/**
 * Events: `renewed`, with `detail` `{expiresAt, fetched}`, milliseconds since the epoch and tokens so far; `failed`, with
 * `{error, refused}`: there is no new token, and where `refused` the provider's server will not give one; and `stopped`,
 * with `{error}`: the browser's own player has given up what `play` began.
 */
export class Sluicegate extends Target {
  #token;
  #pass;
  /** @type {Set<() => void>} */
  #attached = new Set();

  /** @param {{gateway?: string, token: TokenSource}} options `gateway`: its address, this page's own if left out */
  constructor({ gateway = location.origin, token }) {
    super();
    this.gateway = new URL(gateway, globalThis.location?.href).origin;
    this.#token = new Token(token, (name, detail) => { this.dispatchEvent(new CustomEvent(name, { detail })); });
    this.#pass = new Pass(this.gateway, this.#token);
  }

  /** Tokens fetched, and requests that were tried once more after 401, so far. */
  get counts() {
    return { tokens: this.#token.fetched, retries: this.#pass.retries };
  }

  /** The address of a media URL at the gateway, for a player that is attached. @param {string} url */
  source(url) {
    return `${this.gateway}/api?url=${encodeURIComponent(url)}`;
  }

  /** An address for players that can send no header: it carries a grant, and ends with it. @param {string} url */
  async playbackUrl(url) {
    return (await this.grant(url)).url;
  }

  /**
   * The same, and for how many seconds it holds.
   * @param {string} url @param {{signal?: AbortSignal}} [options] @returns {Promise<{url: string, expires_in: number}>}
   */
  async grant(url, { signal } = {}) {
    const response = await this.fetch(`${this.gateway}/api/grant?url=${encodeURIComponent(url)}`, { signal });
    const answer = await response.json().catch((error) => { if (response.ok) throw error; return {}; });
    if (!response.ok) throw new Error(answer.detail ?? answer.error ?? `no grant: ${response.status}`);
    return { url: new URL(answer.url, this.gateway).href, expires_in: answer.expires_in };
  }

  /** As the browser's own, with the token where it belongs. @param {RequestInfo | URL} input @param {RequestInit} [init] */
  fetch(input, init) {
    return this.#pass.fetch(input, init);
  }

  /** A token that holds; rejects when there is none to be had. */
  token() {
    return this.#token.get();
  }

  /** A new token, before its time. */
  renew() {
    return this.#token.renew();
  }

  /** Before `loadSource`. @param {Hls} hls @returns {() => void} what takes it off again */
  attachHls(hls) {
    return this.#keep(attachHls(hls, this.#pass));
  }

  /** Before `load`. @param {Shaka} player @returns {() => void} what takes it off again */
  attachShaka(player) {
    return this.#keep(attachShaka(player, this.#pass));
  }

  /** Before `attachSource`. @param {Dash} player @returns {() => void} what takes it off again */
  attachDash(player) {
    return this.#keep(attachDash(player, this.#pass));
  }

  /** Before `src`. @param {VideoJs} player @returns {() => void} what takes it off again */
  attachVideojs(player) {
    return this.#keep(attachVideojs(player, this.#pass));
  }

  /**
   * Play by the browser's own player, and go on when the address has ended; what was played so on the same element is let
   * go of, and so is this when the page gives the element another address. Rejects when there is no grant to be had; with the
   * signal's reason; and with an `AbortError` when it is let go of otherwise before it has begun.
   * @param {HTMLVideoElement} video @param {string} url of the media
   * @param {{signal?: AbortSignal}} [options] `signal` lets go of it, before it has begun and after
   * @returns {Promise<() => void>} what lets go of it, too
   */
  async play(video, url, { signal } = {}) {
    signal?.throwIfAborted();
    playing.get(video)?.();
    const playback = new NativePlayback(video, url, {
      grant: (wanted, init) => this.grant(wanted, init),
      stopped: (error) => { this.dispatchEvent(new CustomEvent("stopped", { detail: { error } })); },
      left: () => off(),
    });
    const off = this.#keep(() => playback.stop(signal?.reason));
    playing.set(video, off);
    signal?.addEventListener("abort", off, { signal: playback.signal });
    await playback.open().catch((error) => { off(); throw error; });
    return off;
  }

  /** Take it off every player, and renew no more. What they have fetched they play. */
  destroy() {
    for (const detach of [...this.#attached]) detach();
    this.#token.end();
  }

  /** Renew for as long as a player is attached. @param {() => void} detach */
  #keep(detach) {
    const off = () => {
      if (!this.#attached.delete(off)) return;
      detach();
      this.#token.keep({ kept: this.#attached.size > 0 });
    };
    this.#attached.add(off);
    this.#token.keep({ kept: true });
    return off;
  }
}
