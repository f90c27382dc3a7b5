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
