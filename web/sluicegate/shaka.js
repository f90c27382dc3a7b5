/**
 * Shaka Player (5.2 or later, which tries again after a 401 as after other failures): its request filters run before
 * each try, and add the token. At least two tries must be allowed in `retryParameters`, as by default.
 * @typedef {{uris: string[], headers: Record<string, string>, attempt?: number}} ShakaRequest
 * @typedef {{originalUri: string}} ShakaResponse
 * @typedef {(type: number, request: ShakaRequest) => Promise<void>} Filter
 * @typedef {Event & {error?: {code: number, data: unknown[]}}} RetryEvent
 * @typedef {{registerRequestFilter(filter: any): void, unregisterRequestFilter(filter: any): void,
 *   registerResponseFilter(filter: any): void, unregisterResponseFilter(filter: any): void,
 *   addEventListener(name: string, heard: any): void, removeEventListener(name: string, heard: any): void}} Engine
 * @typedef {{getNetworkingEngine(): Engine | null}} Shaka
 * @typedef {import("./pass.js").Pass} Pass
 */
import { FIELD } from "./pass.js";

/** shaka.util.Error.Code */
const BAD_HTTP_STATUS = 1001;
/** shaka.net.NetworkingEngine.RequestType */
const LICENSE = 2;

/** Call it before `load`. @param {Shaka} player @param {Pass} pass @returns {() => void} what takes it off again */
export function attachShaka(player, pass) {
  const engine = player.getNetworkingEngine();
  if (!engine) throw new Error("this Shaka player is destroyed");
  /** @type {Map<string, string>} which token went with a request that has not been answered */
  const sent = new Map();

  /** @type {Filter} */
  const show = async (type, request) => {
    const url = request.uris[(request.attempt ?? 0) % request.uris.length];
    const token = await (type === LICENSE ? pass.tokenAnyway(url) : pass.tokenFor(url));
    if (!token) return;
    request.headers[FIELD] = token;
    sent.set(url, token);
  };
  const answered = (/** @type {number} */ _type, /** @type {ShakaResponse} */ { originalUri }) => { sent.delete(originalUri); };
  const retried = (/** @type {RetryEvent} */ { error }) => {
    const [url, status, , headers] = /** @type {[string, number, string, Record<string, string>]} */ (error?.data ?? []);
    const token = sent.get(url) ?? "";
    sent.delete(url);
    if (error?.code === BAD_HTTP_STATUS && status === 401) pass.refused(url, token, headers["content-type"]); // the filter of the next try waits
  };
  engine.registerRequestFilter(show);
  engine.registerResponseFilter(answered);
  engine.addEventListener("retry", retried);
  return () => {
    engine.unregisterRequestFilter(show);
    engine.unregisterResponseFilter(answered);
    engine.removeEventListener("retry", retried);
  };
}
