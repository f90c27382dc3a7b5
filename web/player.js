/**
 * Plays one of the catalogue's media: natively where the browser can, with hls.js or dash.js where it cannot. Tokens are
 * sluicegate.js's business.
 * @typedef {{id: string, title: string, url: string, kind: string}} Media
 * @typedef {import("./sluicegate.js").Sluicegate} Sluicegate
 */

const HLS_TYPE = "application/vnd.apple.mpegurl";

export class Player {
  /** @param {HTMLVideoElement} video @param {Sluicegate} gate @param {(text: string, bad?: boolean) => void} say */
  constructor(video, gate, say) {
    this.video = video;
    this.gate = gate;
    this.say = say;
    this.engine = "none";
    this.wanted = "auto";
    /** @type {Media | null} */
    this.media = null;
    /** Failures of the native player since it last played. */
    this.failures = 0;
    /** Whether the viewer wants it to run. */
    this.running = false;
    /** Counts sources; what was awaited for an earlier one is dropped. */
    this.turn = 0;
    this.letGo = () => {};
    video.addEventListener("error", () => this.turnFromNative());
    video.addEventListener("playing", () => { this.failures = 0; this.say(`Playing ${this.media?.title ?? ""} with ${this.engineName()}.`); });
    video.addEventListener("waiting", () => this.say("Waiting for data…"));
    video.addEventListener("ended", () => this.say("The end."));
    video.addEventListener("play", () => { this.running = true; });
    video.addEventListener("pause", () => { if (!video.error && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.running = false; });
  }

  engineName() {
    return this.engine === "native" ? "the browser's own player" : this.engine;
  }

  /** @param {string} wanted "auto", "native" or "hls.js" @param {Media} media @returns {string} what will play it */
  choose(wanted, media) {
    if (media.kind === "mp4") return "native";
    if (media.kind === "dash") return "dash.js";
    if (wanted !== "auto") return wanted;
    return this.video.canPlayType(HLS_TYPE) ? "native" : "hls.js";
  }

  /** Start from the beginning. Rejects when there is no token, or no player. @param {Media} media @param {string} wanted */
  async play(media, wanted) {
    this.media = media;
    this.wanted = wanted;
    this.failures = 0;
    this.running = true;
    this.engine = this.choose(wanted, media);
    this.say("Fetching a token…");
    await this.open(0);
  }

  /** Open the media anew from where it is, with the token as it is now. */
  async again() {
    if (this.media) await this.open(this.video.currentTime);
  }

  /** Open it, unless something else is chosen meanwhile, and run it if it was running. @param {number} at seconds */
  async open(at) {
    const { media } = this;
    if (!media) return;
    const turn = this.close();
    await this.gate.token();
    if (turn !== this.turn) return;
    if (this.engine === "hls.js") this.openHls(media.url, at);
    else if (this.engine === "dash.js") this.openDash(media.url, at);
    else await this.openNative(media.url, at);
    if (turn !== this.turn) return;
    if (this.running) this.start();
    else this.say("Paused.");
  }

  /** Let go of the source. @returns {number} the turn that begins */
  close() {
    this.turn += 1;
    this.letGo();
    this.letGo = () => {};
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

  /** @param {string} url @param {number} at */
  async openNative(url, at) {
    const turn = this.turn;
    const seek = () => { if (turn === this.turn && at) this.video.currentTime = at; };
    this.video.addEventListener("loadedmetadata", seek, { once: true });
    const letGo = await this.gate.play(this.video, url);
    if (turn === this.turn) this.letGo = letGo;
    else letGo();
  }

  /** @param {string} url @param {number} at */
  openHls(url, at) {
    const Hls = globalThis.Hls;
    if (!Hls?.isSupported()) throw new Error("hls.js is not here: run make setup with npm installed, or choose Native.");
    const hls = new Hls({ startPosition: at || -1 });
    const detach = this.gate.attachHls(hls);
    this.letGo = () => { detach(); hls.destroy(); };
    hls.on(Hls.Events.ERROR, (_event, data) => { if (data.fatal) this.say(`Gave up: ${data.details}.`, true); });
    hls.loadSource(this.gate.source(url));
    hls.attachMedia(this.video);
  }

  /** @param {string} url @param {number} at */
  openDash(url, at) {
    if (!globalThis.dashjs) throw new Error("dash.js is not here: run make setup with npm installed.");
    const player = globalThis.dashjs.MediaPlayer().create();
    const detach = this.gate.attachDash(player);
    this.letGo = () => { detach(); player.destroy(); };
    player.on("error", ({ error }) => this.say(`Gave up: ${error.message}.`, true));
    player.initialize(this.video, this.gate.source(url), false, at);
  }

  /** A browser may say that it plays HLS and not know this kind (Chromium and fMP4 with AES-128, say). */
  turnFromNative() {
    this.failures += 1;
    if (this.engine !== "native" || this.wanted !== "auto" || this.media?.kind !== "hls" || this.failures < 2) return;
    if (!globalThis.Hls?.isSupported()) return;
    this.engine = "hls.js";
    this.open(0).catch((error) => this.say(`Gave up: ${error.message}`, true));
  }
}
