/** The page, put together. */
import { Limits } from "./limits.js";
import { Player } from "./player.js";
import { SessionToken } from "./token.js";
import { Wire } from "./wire.js";

const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const video = /** @type {HTMLVideoElement} */ (find("video"));
const media = /** @type {HTMLSelectElement} */ (find("media"));
const engine = /** @type {HTMLSelectElement} */ (find("engine"));

const token = new SessionToken("/demo/token", showToken);
const player = new Player(video, token, say);
const wire = new Wire(find("wire"), find("wire-count"));
const limits = new Limits(find("tiers"), find("usage"), find("usage-bar"));
let catalogue = [];

function say(text, bad = false) {
  find("status").textContent = text;
  find("status").classList.toggle("bad", bad);
}

function showToken() {
  const { sub, tier, sid } = token.claims();
  const told = { tier, "key id": sub, session: sid, expires: new Date(token.expiresAt * 1000).toLocaleTimeString([], { hour12: false }) };
  find("token-claims").replaceChildren(...Object.entries(told).flatMap(([name, value]) => [element("dt", name), element("dd", String(value))]));
  const [head, claims, signature] = token.text.split(".");
  const parts = [element("span", head), element("span", `.${claims}`, "claims-part"), element("span", `.${signature}`, "signature")];
  find("token-text").replaceChildren(...parts);
  find("token-count").textContent = `${token.fetched} fetched`;
  showTimeLeft();
}

function showTimeLeft() {
  if (!token.text) return;
  const left = Math.floor(token.secondsLeft());
  find("token-left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  const { iat, exp } = token.claims();
  find("token-bar").style.width = `${Math.min(100, (100 * left) / (exp - iat))}%`;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

async function play() {
  find("play").hidden = true;
  const chosen = catalogue.find((entry) => entry.id === media.value);
  try {
    await player.play(chosen, engine.value);
  } catch (error) {
    say(String(error.message ?? error), true);
    find("play").hidden = false;
  }
}

async function fillCatalogue() {
  catalogue = await (await fetch("/demo/media")).json();
  media.replaceChildren(...catalogue.map((entry) => {
    const option = element("option", entry.kind === "dash" ? `${entry.title} (needs a DASH player)` : entry.title);
    option.value = entry.id;
    option.disabled = entry.kind === "dash";
    return option;
  }));
}

find("play").addEventListener("click", play);
find("spoil").addEventListener("click", () => { token.spoil(); say("Spoilt. The next request by token gets 401; press play again, or wait."); });
for (const choice of [media, engine]) choice.addEventListener("change", () => { if (player.media) play(); });

setInterval(showTimeLeft, 1000);
setInterval(() => { wire.look().catch(() => {}); limits.look().catch(() => {}); }, 1000);
await fillCatalogue();
await limits.look();

/** For tests: press play, and see how it goes. */
globalThis.sluicegateDemo = {
  play,
  state: () => ({
    engine: player.engine, time: video.currentTime, paused: video.paused, failed: player.failed,
    fetched: token.fetched, expiresAt: token.expiresAt, wire: wire.total, refused: wire.refused,
  }),
};
