/**
 * The browser's own player: it can send no header, so it plays by an address that carries a grant, and gets another when
 * that one has ended.
 * @typedef {{url: string, expires_in: number}} Granted `expires_in` in seconds
 * @typedef {{grant(url: string, init: {signal: AbortSignal}): Promise<Granted>, stopped(error: Error): void, left(): void}} Gate
 *   told by `stopped` when it gives up, and by `left` when the page uses the element for something else
 */
import { untilAborted } from "./token.js";

/** Failures in a row, without `STEADY` seconds of playing between them, after which it gives up. */
const MOST_RECOVERIES = 5;
const STEADY = 5;
/** What part of its life is left to the address of a live stream when it is replaced, and the most milliseconds of it. */
const EARLY = 0.2;
const EARLIEST = 30_000;

export class NativePlayback {
  #gate;
  #abort = new AbortController();
  #recovered = 0;
  /** What it had the element play; empty before the first grant. */
  #address = "";
  /** Where playing got to, in seconds: the element's own time falls to 0 with each new address. */
  #at = 0;
  #failedAt = 0;
  /** Whether the viewer wants it to run: the element says "paused" of itself when it fails. */
  #running = true;
  #turn = 0;
  #timer = 0;

  /** @param {HTMLVideoElement} video @param {string} url of the media @param {Gate} gate */
  constructor(video, url, gate) {
    this.video = video;
    this.url = url;
    this.#gate = gate;
    this.#on("emptied", () => { if (this.#address && !this.#isOurs) gate.left(); });
    this.#on("error", () => { if (this.#isOurs) this.#recover(); });
    this.#on("timeupdate", () => this.#noteTime());
    this.#on("seeking", () => { if (video.currentTime) this.#at = video.currentTime; });
    this.#on("play", () => { this.#running = true; });
    this.#on("pause", () => { if (!video.error && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#running = false; });
    this.#on("loadedmetadata", () => this.#resume());
  }

  /** Aborted once the element is let go of. */
  get signal() {
    return this.#abort.signal;
  }

  /** Open it, or open it anew, where playing had got to. Rejects when there is no grant to be had, or it is let go of. */
  async open() {
    const turn = this.#turn += 1;
    const { url, expires_in: seconds } = await untilAborted(this.#gate.grant(this.url, this), this.signal);
    if (turn !== this.#turn) return;
    const left = 1000 * seconds;
    // Chromium plays byte ranges of HLS from another origin only if it may read them, which the gateway lets every page.
    this.video.crossOrigin ??= "anonymous";
    this.video.src = url;
    this.#address = this.video.src;
    if (this.#running) this.video.play().catch(() => {}); // a browser that wants a press on its button is not a failure
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#replace(), Math.min(left - Math.min(EARLY * left, EARLIEST), 2 ** 31 - 1));
  }

  /** Let go of the element; what plays goes on while its address holds. @param {unknown} [reason] an `AbortError`, if left out */
  stop(reason) {
    this.#turn += 1;
    this.#abort.abort(reason);
    clearTimeout(this.#timer);
  }

  /** @param {string} name @param {() => void} heard */
  #on(name, heard) {
    this.video.addEventListener(name, heard, { signal: this.signal });
  }

  #noteTime() {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || this.video.seeking) return;
    this.#at = this.video.currentTime;
    if (Math.abs(this.#at - this.#failedAt) > STEADY) this.#recovered = 0;
  }

  get #isOurs() {
    return this.video.src === this.#address && !this.video.srcObject;
  }

  get #isLive() {
    return this.video.duration === Infinity;
  }

  #resume() {
    if (this.#at && !this.#isLive) this.video.currentTime = this.#at;
  }

  /** What is not live is asked for no more, or says by an error that its address has ended. */
  #replace() {
    if (this.#isLive) this.open().catch((error) => this.#recover(error));
  }

  /** Comes once the machine is online: until then there is nothing to try, and no failure to count. */
  async #online() {
    if (navigator.onLine) return;
    await new Promise((resolve) => { addEventListener("online", resolve, { once: true, signal: this.signal }); });
  }

  /**
   * The element does not say what failed: every failure is taken for an address that has ended.
   * @param {Error} [refused] why there is no other address, where it is known
   */
  async #recover(refused) {
    if (this.signal.aborted) return;
    const turn = this.#turn += 1;
    await this.#online();
    if (turn !== this.#turn) return;
    this.#recovered += 1;
    this.#failedAt = this.#at;
    if (this.#recovered > MOST_RECOVERIES) { this.#gate.stopped(refused ?? new Error(this.video.error?.message || "it does not play")); return; }
    await new Promise((resolve) => { setTimeout(resolve, 500 * (this.#recovered - 1)); });
    if (turn === this.#turn) await this.open().catch((error) => this.#recover(error));
  }
}
