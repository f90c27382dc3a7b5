/**
 * The browser's own player: it can send no header, so it plays by an address that carries a grant, and gets another when
 * that one has ended.
 * @typedef {{url: string, expires_in: number}} Granted `expires_in` in seconds
 * @typedef {(url: string) => Promise<Granted>} Grant
 * @typedef {(error: Error) => void} Stopped
 */

/** Failures in a row, without `STEADY` seconds of playing between them, after which it gives up. */
const MOST_RECOVERIES = 5;
const STEADY = 5;
/** What part of its life is left to the address of a live stream when it is replaced, and the most milliseconds of it. */
const EARLY = 0.2;
const EARLIEST = 30_000;

export class NativePlayback {
  #grant;
  #stopped;
  #abort = new AbortController();
  #recovered = 0;
  /** Where playing got to, in seconds: the element's own time falls to 0 with each new address. */
  #at = 0;
  #failedAt = 0;
  /** Whether the viewer wants it to run: the element says "paused" of itself when it fails. */
  #running = true;
  #turn = 0;
  #timer = 0;

  /** @param {HTMLVideoElement} video @param {string} url of the media @param {Grant} grant @param {Stopped} stopped told when it gives up */
  constructor(video, url, grant, stopped) {
    this.video = video;
    this.url = url;
    this.#grant = grant;
    this.#stopped = stopped;
    this.#on("error", () => this.#recover());
    this.#on("timeupdate", () => this.#noteTime());
    this.#on("seeking", () => { if (video.currentTime) this.#at = video.currentTime; });
    this.#on("play", () => { this.#running = true; });
    this.#on("pause", () => { if (!video.error && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#running = false; });
    this.#on("loadedmetadata", () => this.#resume());
  }

  /** Open it, or open it anew, where playing had got to. Rejects when there is no grant to be had. */
  async open() {
    const turn = this.#turn += 1;
    const { url, expires_in: seconds } = await this.#grant(this.url);
    if (turn !== this.#turn) return;
    const left = 1000 * seconds;
    // Chromium plays byte ranges of HLS from another origin only if it may read them, which the gateway lets every page.
    this.video.crossOrigin ??= "anonymous";
    this.video.src = url;
    if (this.#running) this.video.play().catch(() => {}); // a browser that wants a press on its button is not a failure
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#replace(), Math.min(left - Math.min(EARLY * left, EARLIEST), 2 ** 31 - 1));
  }

  /** Let go of the element; what plays goes on while its address holds. */
  stop() {
    this.#turn += 1;
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  /** @param {string} name @param {() => void} heard */
  #on(name, heard) {
    this.video.addEventListener(name, heard, { signal: this.#abort.signal });
  }

  #noteTime() {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || this.video.seeking) return;
    this.#at = this.video.currentTime;
    if (Math.abs(this.#at - this.#failedAt) > STEADY) this.#recovered = 0;
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
    await new Promise((resolve) => { addEventListener("online", resolve, { once: true, signal: this.#abort.signal }); });
  }

  /**
   * The element does not say what failed: every failure is taken for an address that has ended.
   * @param {Error} [refused] why there is no other address, where it is known
   */
  async #recover(refused) {
    const turn = this.#turn += 1;
    await this.#online();
    if (turn !== this.#turn) return;
    this.#recovered += 1;
    this.#failedAt = this.#at;
    if (this.#recovered > MOST_RECOVERIES) { this.#stopped(refused ?? new Error(this.video.error?.message || "it does not play")); return; }
    await new Promise((resolve) => { setTimeout(resolve, 500 * (this.#recovered - 1)); });
    if (turn === this.#turn) await this.open().catch((error) => this.#recover(error));
  }
}
