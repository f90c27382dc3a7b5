/**
 * video.js 8: the function by which its streaming part (VHS) sends requests, one for each source, is wrapped as it is
 * made.
 * @typedef {XMLHttpRequest & {aborted?: boolean}} Request
 * @typedef {{uri: string, headers?: Record<string, string>, xhr?: Request}} Options
 * @typedef {(error: unknown, request: Request) => void} Answered
 * @typedef {(options: Options, answered: Answered) => Request} Send
 * @typedef {{on(name: string, heard: () => void): void, off(name: string, heard: () => void): void,
 *   tech(safety: any): any}} VideoJs
 * @typedef {import("./pass.js").Pass} Pass
 * @typedef {import("./pass.js").Lent} Lent
 */
import { FIELD } from "./pass.js";

/** Call it before `src`. @param {VideoJs} player @param {Pass} pass @returns {() => void} what takes it off again */
export function attachVideojs(player, pass) {
  const lent = pass.lend();
  let restore = () => {};
  const wrap = () => {
    /** @type {{xhr: Send} | undefined} */
    const vhs = player.tech(true)?.vhs;
    if (!vhs) return;
    const send = vhs.xhr;
    const ours = vhs.xhr = gated(send, lent);
    restore = () => { if (vhs.xhr === ours) vhs.xhr = send; };
  };
  player.on("xhr-hooks-ready", wrap);
  return () => {
    player.off("xhr-hooks-ready", wrap);
    lent.end(); // what another has built upon stays where it is
    restore();
  };
}

/** A proxy, so that hooks which a page adds (`xhr.onRequest`) are still the function's own. @param {Send} send @param {Lent} pass @returns {Send} */
function gated(send, pass) {
  return new Proxy(send, { apply: (_target, _this, [options, answered]) => request(send, pass, options, answered) });
}

/**
 * VHS needs the request at once, reads the answer from it, and may abort it: so it is made here, and sent when there is
 * a token; once more, the same, on 401 (videojs.xhr takes a request to use again, as its own retries do).
 * @param {Send} send @param {Lent} pass @param {Options} options @param {Answered} answered
 */
function request(send, pass, options, answered) {
  /** @type {Request} */
  const made = new XMLHttpRequest();
  made.abort = () => {
    made.aborted = true;
    if (made.readyState) XMLHttpRequest.prototype.abort.call(made);
    else made.dispatchEvent(new ProgressEvent("loadend"));
  };
  const start = async (/** @type {boolean} */ again) => {
    const token = await pass.tokenFor(options.uri);
    if (made.aborted) return;
    const headers = token ? { ...options.headers, [FIELD]: token } : options.headers;
    send({ ...options, xhr: made, headers }, async (error, request) => {
      const type = request.getResponseHeader("Content-Type");
      const retry = request.status === 401 && await pass.refused(options.uri, token, type, again);
      if (!retry) answered(error, request);
      else if (!made.aborted) start(true);
    });
  };
  start(false);
  return made;
}
