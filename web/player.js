/**
 * Plays one of the catalogue's media: natively where the browser can, with hls.js where it cannot.
 * @typedef {{id: string, title: string, url: string, kind: string}} Media
 * @typedef {import("./token.js").SessionToken} SessionToken
 */

const HLS_TYPE = "application/vnd.apple.mpegurl";
/** Failures in a row, without `STEADY` seconds of playing between them, after which it gives up. */
const MOST_RECOVERIES = 5;
const STEADY = 5;

export class Player {
  /** @param {HTMLVideoElement} video @param {SessionToken} token @param {(text: string, bad?: boolean) => void} say */
  constructor(video, token, say) {
    this.video = video;
    this.token = token;
    this.say = say;
    this.engine = "none";
    this.failed = 0;
    this.recovered = 0;
    /** Where playing got to, in seconds: the element's own time falls to 0 with each new source. */
    this.at = 0;
    this.failedAt = 0;
    /** Counts sources; what was awaited for an earlier one is dropped. */
    this.turn = 0;
    /** Whether the viewer wants it to run: the element says "paused" of itself when it fails. */
    this.running = false;
    this.hls = null;
    /** @type {Media | null} */
    this.media = null;
    video.addEventListener("error", () => { if (this.engine === "native" && this.media) this.recover(video.error?.message || "error"); });
    video.addEventListener("playing", () => this.say(`Playing ${this.media?.title ?? ""} with ${this.engineName()}.`));
    video.addEventListener("waiting", () => this.say("Waiting for data…"));
    video.addEventListener("ended", () => this.say("The end."));
    video.addEventListener("timeupdate", () => this.noteTime());
    video.addEventListener("seeking", () => { if (video.currentTime) this.at = video.currentTime; });
    video.addEventListener("play", () => { this.running = true; });
    video.addEventListener("pause", () => { if (!video.error && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.running = false; });
  }

  engineName() {
    return this.engine === "native" ? "the browser's own player" : this.engine;
  }

  noteTime() {
    if (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || this.video.seeking) return;
    this.at = this.video.currentTime;
    if (Math.abs(this.at - this.failedAt) > STEADY) this.recovered = 0;
  }

  /** @param {string} wanted "auto", "native" or "hls.js" @param {Media} media @returns {string} what will play it */
  choose(wanted, media) {
    if (media.kind === "mp4") return "native";
    if (wanted !== "auto") return wanted;
    return this.video.canPlayType(HLS_TYPE) ? "native" : "hls.js";
  }

  /** Start from the beginning. Rejects when there is no token, or no player. @param {Media} media @param {string} wanted */
  async play(media, wanted) {
    this.media = media;
    this.wanted = wanted;
    this.recovered = 0;
    this.at = 0;
    this.running = true;
    this.engine = this.choose(wanted, media);
    this.say("Fetching a token…");
    await this.open();
  }

  /** Open the media anew from where it is, with the token as it is now. */
  async again() {
    if (this.media) await this.open();
  }

  /** Open it with the token, unless something else is chosen meanwhile, and run it if it was running. */
  async open() {
    const { media, at } = this;
    const turn = this.close();
    const token = await this.token.get();
    if (turn !== this.turn) return;
    if (this.engine === "hls.js") this.openHls(media.url, at);
    else this.openNative(media.url, token, at);
    if (this.running) this.start();
    else this.say("Paused.");
  }

  /** Let go of the source. @returns {number} the turn that begins */
  close() {
    this.turn += 1;
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute("src");
    this.video.load();
    return this.turn;
  }

  /** The browser may want a press on its own button; another source may come in between; neither is a failure. */
  start() {
    this.video.play().catch((error) => {
      if (error.name === "NotAllowedError") this.say("The browser waits for a press on the video's own play button.");
    });
  }

  /** A native player can set no header: the token goes into the address of the first request, never further. */
  openNative(url, token, at) {
    this.video.src = `/api?url=${encodeURIComponent(url)}&token=${encodeURIComponent(token)}`;
    const turn = this.turn;
    const seek = () => { if (turn === this.turn && at) this.video.currentTime = at; };
    this.video.addEventListener("loadedmetadata", seek, { once: true });
  }

  /** hls.js sends the token as a header; what a manifest names comes with a grant in its path and needs none. */
  openHls(url, at) {
    const Hls = globalThis.Hls;
    if (!Hls?.isSupported()) throw new Error("hls.js is not here: run make setup with npm installed, or choose Native.");
    this.hls = new Hls({
      startPosition: at || -1,
      xhrSetup: (xhr, address) => {
        const { origin, pathname } = new URL(address, location.href);
        if (origin !== location.origin || !/^\/api\/?$/.test(pathname)) return;
        xhr.setRequestHeader("X-Session-Token", this.token.text);
      },
    });
    this.hls.on(Hls.Events.ERROR, (_event, data) => this.judgeHls(data));
    this.hls.loadSource(`/api?url=${encodeURIComponent(url)}`);
    this.hls.attachMedia(this.video);
  }

  /** hls.js mends much by itself; not a 401: its playlists go on naming the grant that expired. */
  judgeHls(data) {
    const unauthorized = data.response?.code === 401;
    if (!data.fatal && !unauthorized) return;
    this.recover(unauthorized ? "401" : data.details);
  }

  /**
   * A new token, and the manifest anew for new grants, on from where it was.
   * A native player only says that it failed, so every failure is taken for a 401.
   * @param {string} reason
   */
  async recover(reason) {
    const turn = this.close();
    this.failed += 1;
    this.recovered += 1;
    this.failedAt = this.at;
    if (this.recovered > MOST_RECOVERIES) { this.say(`Gave up: ${reason}.`, true); return; }
    if (this.nativeCannot()) this.engine = "hls.js";
    this.say(`Interrupted (${reason}): fetching a new token…`);
    await new Promise((resolve) => { setTimeout(resolve, 500 * (this.recovered - 1)); });
    try {
      if (turn !== this.turn) return;
      await this.token.renew();
      if (turn === this.turn) await this.open();
    } catch (error) {
      this.say(`Gave up: ${error.message}`, true);
    }
  }

  /** A browser may say that it plays HLS and not know this kind (Chromium and fMP4 with AES-128, say). */
  nativeCannot() {
    return this.engine === "native" && this.wanted === "auto" && this.media.kind === "hls" && this.recovered > 1
      && Boolean(globalThis.Hls?.isSupported());
  }
}
