/**
 * Plays one of the catalogue's media: natively where the browser can, with hls.js where it cannot.
 * @typedef {{id: string, title: string, url: string, kind: string}} Media
 * @typedef {import("./token.js").SessionToken} SessionToken
 */

const HLS_TYPE = "application/vnd.apple.mpegurl";
const MOST_RECOVERIES = 5;

export class Player {
  /** @param {HTMLVideoElement} video @param {SessionToken} token @param {(text: string, bad?: boolean) => void} say */
  constructor(video, token, say) {
    this.video = video;
    this.token = token;
    this.say = say;
    this.engine = "none";
    this.recovered = 0;
    this.failed = 0;
    this.hls = null;
    /** @type {Media | null} */
    this.media = null;
    video.addEventListener("error", () => this.recoverNative());
    video.addEventListener("playing", () => { this.recovered = 0; this.say(`Playing ${this.media?.title ?? ""} with ${this.engine}.`); });
    video.addEventListener("waiting", () => this.say("Waiting for data…"));
    video.addEventListener("ended", () => this.say("The end."));
  }

  /** @param {string} wanted "auto", "native" or "hls.js" @param {Media} media @returns {string} what will play it */
  choose(wanted, media) {
    if (media.kind === "mp4") return "native";
    if (wanted !== "auto") return wanted;
    return this.video.canPlayType(HLS_TYPE) ? "native" : "hls.js";
  }

  /** Start from the beginning. @param {Media} media @param {string} wanted */
  async play(media, wanted) {
    this.stop();
    this.media = media;
    this.wanted = wanted;
    this.recovered = 0;
    this.engine = this.choose(wanted, media);
    this.say(`Fetching a token…`);
    const token = await this.token.get();
    if (this.engine === "hls.js") this.startHls(media.url);
    else this.startNative(media.url, token);
    await this.video.play().catch((error) => { if (this.engine === "hls.js") throw error; });
  }

  stop() {
    this.hls?.destroy();
    this.hls = null;
    this.media = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** A native player can set no header: the token goes into the address of the first request, never further. */
  startNative(url, token, at = 0) {
    this.video.src = `/api?url=${encodeURIComponent(url)}&token=${encodeURIComponent(token)}`;
    if (at) this.video.addEventListener("loadedmetadata", () => { this.video.currentTime = at; }, { once: true });
  }

  /** hls.js sends the token as a header; what a manifest names comes with a grant in its path and needs none. */
  startHls(url) {
    const Hls = globalThis.Hls;
    if (!Hls?.isSupported()) { this.say("hls.js is not here; run make setup with npm installed.", true); return; }
    this.hls = new Hls({
      xhrSetup: (xhr, address) => {
        if (new URL(address, location.href).pathname.startsWith("/api")) xhr.setRequestHeader("X-Session-Token", this.token.text);
      },
    });
    this.hls.on(Hls.Events.ERROR, (_event, data) => this.recoverHls(data));
    this.hls.loadSource(`/api?url=${encodeURIComponent(url)}`);
    this.hls.attachMedia(this.video);
  }

  /** A new token after 401, and on from where it was. */
  async recoverHls(data) {
    if (data.type !== "networkError" || !data.fatal) return;
    this.failed += 1;
    if (this.recovered++ >= MOST_RECOVERIES) { this.say(`Gave up: ${data.details}.`, true); return; }
    if (data.response?.code === 401) { this.say("401: fetching a new token…"); await this.token.renew(); }
    const at = this.video.currentTime;
    if (data.details === "manifestLoadError") {
      this.hls.loadSource(this.hls.url);
      this.hls.once(globalThis.Hls.Events.MANIFEST_PARSED, () => { this.hls?.startLoad(at); this.video.play(); });
    } else {
      this.hls.startLoad(at);
    }
  }

  /** A native player only says that it failed: a new token, and on from where it was. */
  async recoverNative() {
    if (!this.media || this.engine !== "native") return;
    this.failed += 1;
    this.recovered += 1;
    const reason = this.video.error?.message ?? "error";
    if (this.wanted === "auto" && this.media.kind === "hls" && this.recovered > 1) { this.changeToHls(reason); return; }
    if (this.recovered > MOST_RECOVERIES) { this.say(`Gave up: ${reason}`, true); return; }
    this.say("Interrupted: fetching a new token…");
    const at = this.video.currentTime;
    const token = await this.token.renew();
    this.startNative(this.media.url, token, at);
    this.video.play().catch(() => {}); // the video's own error event tells of a failure
  }

  /** A browser may say that it plays HLS and not know this kind (Chromium and fMP4 with AES-128, say). */
  changeToHls(reason) {
    this.say(`The browser's own player cannot: ${reason}. Using hls.js…`);
    this.engine = "hls.js";
    this.recovered = 0;
    this.startHls(this.media.url);
    this.video.play().catch(() => {});
  }
}
