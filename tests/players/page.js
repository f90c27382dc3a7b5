/**
 * A provider's own page, for tests: plays a media URL with a named player through a gateway, and tells how it goes.
 * `players.start({engine, url, gateway})`, `players.state()`, `players.stop()`; where the gateway is left out the player
 * is given the URL as it is, without sluicegate.js.
 */
import { Sluicegate } from "/sluicegate.js";

const SCRIPTS = {
  "hls.js": "/players/hls.js/dist/hls.min.js",
  shaka: "/players/shaka-player/dist/shaka-player.compiled.js",
  "dash.js": "/players/dashjs/dist/modern/umd/dash.all.min.js",
  "video.js": "/players/video.js/dist/video.min.js",
};
/** Seconds that the time may stand still before it counts as an interruption. */
const STILL = 0.5;

const video = document.getElementById("video");
let gate = null;
let stopPlayer = () => {};
let engine = "";
let errors = [];
let stalls = [];
let failures = [];

const openers = {
  async "hls.js"(url, options) {
    const hls = new Hls(options);
    gate?.attachHls(hls);
    hls.on(Hls.Events.ERROR, (_event, data) => note(data.fatal, `${data.details} ${data.response?.code ?? ""}`));
    hls.attachMedia(video);
    hls.loadSource(url);
    return () => hls.destroy();
  },
  async shaka(url, options) {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video);
    player.configure(options);
    gate?.attachShaka(player);
    player.addEventListener("error", ({ detail }) => note(true, `${detail.code} ${detail.data?.slice(0, 2)}`));
    await player.load(url);
    return () => player.destroy();
  },
  async "dash.js"(url, options) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings(options);
    gate?.attachDash(player);
    player.on("error", ({ error }) => note(true, `${error.code} ${error.message}`));
    player.initialize(video, url, true);
    return () => player.destroy();
  },
  async "video.js"(url, options, type) {
    const player = videojs(video, options);
    gate?.attachVideojs(player);
    player.on("error", () => note(true, `${player.error()?.code} ${player.error()?.message}`));
    player.src({ src: url, type });
    return () => player.dispose();
  },
  async native(url) {
    video.addEventListener("error", () => note(true, `${video.error?.code} ${video.error?.message}`));
    if (gate) return gate.play(video, url);
    video.crossOrigin = "anonymous"; // as sluicegate.js does
    video.src = url;
    return () => { video.removeAttribute("src"); video.load(); };
  },
};

function note(fatal, text) {
  errors.push({ fatal: Boolean(fatal), text, at: video.currentTime });
}

/** Have an engine's script, if it has one. */
async function load(name) {
  if (SCRIPTS[name] && !document.querySelector(`script[src="${SCRIPTS[name]}"]`)) await script(SCRIPTS[name]);
}

function script(address) {
  return new Promise((resolve, reject) => {
    const made = document.createElement("script");
    made.src = address;
    made.onload = resolve;
    made.onerror = () => reject(new Error(`no ${address}`));
    document.head.append(made);
  });
}

/**
 * @param {{engine: string, url: string, gateway?: string, token?: string, type?: string, options?: object}} how `type`
 *   is a MIME type, for video.js; `options` are the player's own
 */
async function start(how) {
  engine = how.engine;
  await load(engine);
  if (how.gateway) {
    gate = new Sluicegate({ gateway: how.gateway, token: how.token ?? "/token" });
    gate.addEventListener("failed", ({ detail }) => failures.push({ refused: detail.refused, error: detail.error.message }));
    gate.addEventListener("stopped", ({ detail }) => note(true, detail.error.message));
  }
  const url = gate && engine !== "native" ? gate.source(how.url) : how.url;
  const type = how.type ?? (/\.mpd/.test(how.url) ? "application/dash+xml" : /\.mp4/.test(how.url) ? "video/mp4" : "application/vnd.apple.mpegurl");
  try {
    stopPlayer = await openers[engine](url, how.options ?? {}, type);
  } catch (error) {
    note(true, String(error.message ?? error));
  }
  media().play()?.catch(() => {});
}

/** video.js may have put another element in its place. */
function media() {
  return document.querySelector("video");
}

async function stop() {
  await stopPlayer();
  gate?.destroy();
}

/** What the clock of the media did, seen thirty times a second: seconds played, and where it stood still while it should run. */
let last = { time: 0, at: performance.now(), counted: false };
let played = 0;
setInterval(() => {
  const { currentTime = 0, paused, ended, seeking } = media() ?? {};
  const now = performance.now();
  if (currentTime !== last.time || paused || ended || seeking || !played) {
    if (currentTime > last.time && currentTime < last.time + 2 && !paused) played += currentTime - last.time;
    last = { time: currentTime, at: now, counted: false };
  } else if (now - last.at > 1000 * STILL && !last.counted) {
    stalls.push({ at: currentTime, ahead: ahead() });
    last.counted = true;
  }
}, 33);

/** Seconds that are buffered ahead: where there are some, it stood still for want of a processor and not of data. */
function ahead() {
  const { buffered, currentTime } = media();
  for (let n = 0; n < buffered.length; n += 1) {
    if (buffered.start(n) <= currentTime && currentTime <= buffered.end(n)) return buffered.end(n) - currentTime;
  }
  return 0;
}

/** Where an element that had played waited for data, and was not seeking. */
let waits = [];
document.addEventListener("waiting", ({ target }) => { if (played && !target.seeking) waits.push({ at: target.currentTime, ahead: ahead() }); }, true);

/** Everything as JSON; times in seconds. */
function state() {
  const element = media();
  const buffered = element ? Array.from({ length: element.buffered.length }, (_, n) => [element.buffered.start(n), element.buffered.end(n)]) : [];
  return {
    engine, time: element?.currentTime ?? 0, duration: String(element?.duration), paused: element?.paused ?? true, ended: element?.ended ?? false,
    ready: element?.readyState ?? 0, width: element?.videoWidth ?? 0, seeking: element?.seeking ?? false, buffered, played, stalls, waits,
    errors,
    fatal: errors.filter(({ fatal }) => fatal).length, failures,
    ...(gate?.counts ?? { tokens: 0, retries: 0 }),
  };
}

globalThis.players = {
  make: (/** @type {string} */ gateway, token = "/token") => new Sluicegate({ gateway, token }),
  start, stop, state, media, load, note,
  gate: () => gate,
  seek: (/** @type {number} */ time) => { media().currentTime = time; },
};
