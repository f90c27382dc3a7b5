// The players' own types, as sluicegate.js takes them.
import * as dashjs from "dashjs";
import Hls from "hls.js";
import shaka from "shaka-player";
import videojs from "video.js";

import { Sluicegate } from "../../web/sluicegate.js";

const gate = new Sluicegate({ gateway: "https://gw.example.com", token: async () => ({ token: "", expires_in: 1800 }) });
export const detaching: (() => void)[] = [
  gate.attachHls(new Hls()),
  gate.attachShaka(new shaka.Player()),
  gate.attachDash(dashjs.MediaPlayer().create()),
  gate.attachVideojs(videojs("video")),
];

gate.addEventListener("renewed", ({ detail }) => console.log(new Date(detail.expiresAt), detail.fetched));
gate.addEventListener("failed", ({ detail }) => console.warn(detail.refused ? "may not watch" : "no token", detail.error.message));
gate.addEventListener("stopped", ({ detail }) => console.error(detail.error.message), { once: true });
export const playing: Promise<() => void> = gate.play(document.createElement("video"), "", { signal: AbortSignal.timeout(1) });
export const asked: Promise<Response>[] = [gate.fetch(new URL("https://a/")), gate.fetch(new Request("https://a/"))];
