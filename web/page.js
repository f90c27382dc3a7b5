/** The page, put together. */
import { Limits } from "./limits.js";
import { Player } from "./player.js";
import { Sluicegate } from "./sluicegate.js";
import { ShownToken } from "./token.js";
import { Wire } from "./wire.js";

const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const video = /** @type {HTMLVideoElement} */ (find("video"));
const media = /** @type {HTMLSelectElement} */ (find("media"));
const engine = /** @type {HTMLSelectElement} */ (find("engine"));

const token = new ShownToken(showToken);
const gate = new Sluicegate({ token: () => token.ask() });
const player = new Player(video, gate, say);
const wire = new Wire(find("wire"), find("wire-count"));
const limits = new Limits(find("tiers"), find("usage"), find("usage-bar"));
let catalogue = [];

function say(text, bad = false) {
  find("status").textContent = text;
  find("status").classList.toggle("bad", bad);
  if (bad) find("play").hidden = false;
}

function showToken() {
  const { iat, exp, ...rest } = token.claims();
  const told = { ...token.header(), ...rest, iat: clock(iat), exp: clock(exp) };
  find("token-claims").replaceChildren(...Object.entries(told).map(([name, value]) => claim(name, String(value))));
  find("spoil").disabled = token.spoilt;
  const [head, claims, signature] = token.text.split(".");
  const parts = [element("span", head), element("span", `.${claims}`, "claims-part"), element("span", `.${signature}`, "signature")];
  find("token-text").replaceChildren(...parts);
  find("token-count").textContent = `${token.fetched} fetched`;
  showTimeLeft();
}

/** @param {string} name @param {string} value */
function claim(name, value) {
  const made = element("div", "");
  made.append(element("dt", name), element("dd", value));
  made.title = `${name}: ${value}`;
  return made;
}

/** @param {number} seconds */
function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

function showTimeLeft() {
  if (!token.text) return;
  find("token-left").classList.toggle("spoilt", token.spoilt);
  if (token.spoilt) { find("token-left").textContent = "spoilt"; return; }
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
  }
}

/** The gateway refuses the spoilt token; sluicegate.js fetches a new one and asks again, and the player goes on. */
async function spoil() {
  token.spoilNext = true;
  await gate.renew();
  say("Spoilt. The next request by token gets 401.");
  await player.again();
}

async function fillCatalogue() {
  catalogue = await (await fetch("/demo/media")).json();
  media.replaceChildren(...catalogue.map((entry) => {
    const missing = entry.kind === "dash" && !globalThis.dashjs;
    const option = element("option", missing ? `${entry.title} (dash.js is not here: it comes by npm)` : entry.title);
    option.value = entry.id;
    option.disabled = missing;
    return option;
  }));
}

gate.addEventListener("failed", ({ detail }) => say(`No token: ${detail.error.message}.`, true));
gate.addEventListener("stopped", ({ detail }) => say(`The browser's own player gave up (${detail.error.message}); try another.`, true));
find("play").addEventListener("click", play);
find("spoil").addEventListener("click", () => spoil().catch((error) => say(error.message, true)));
for (const choice of [media, engine]) choice.addEventListener("change", () => { if (player.media) play(); });

/** The same media, by a token in the address. */
function showCommand() {
  const { url } = catalogue.find((entry) => entry.id === media.value) ?? catalogue[0];
  find("command").textContent = [
    `TOKEN=$(curl -s -X POST ${location.origin}/demo/token | sed 's/.*"token": "\\([^"]*\\)".*/\\1/')`,
    `ffplay "${location.origin}/api?url=${encodeURIComponent(url)}&token=$TOKEN"`,
  ].join("\n");
}

media.addEventListener("change", showCommand);
setInterval(showTimeLeft, 1000);
setInterval(() => { wire.look().catch(() => {}); limits.look().catch(() => {}); }, 1000);
await fillCatalogue();
showCommand();
await limits.look();

/** For tests: press play, and see how it goes. */
globalThis.sluicegateDemo = {
  play,
  state: () => ({
    engine: player.engine, time: video.currentTime, paused: video.paused, failed: gate.counts.retries, spoilt: token.spoilt,
    fetched: token.fetched, expiresAt: token.expiresAt, wire: wire.total, refused: wire.refused,
  }),
};
