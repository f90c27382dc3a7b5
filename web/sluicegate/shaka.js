/**
 * Shaka Player (5.2 or later, which tries again after a 401 as after other failures): its request filters run before
 * each try, and add the token. At least two tries must be allowed in `retryParameters`, as by default.
 * @typedef {{uris: string[], headers: Record<string, string>, attempt?: number}} ShakaRequest
 * @typedef {(type: number, request: ShakaRequest) => Promise<void>} Filter
 * @typedef {Event & {error?: {code: number, data: unknown[]}}} RetryEvent
 * @typedef {{registerRequestFilter(filter: any): void, unregisterRequestFilter(filter: any): void,
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
  const retried = (/** @type {RetryEvent} */ { error }) => {
    const [url, status] = /** @type {[string, number]} */ (error?.data ?? []);
    if (error?.code !== BAD_HTTP_STATUS || status !== 401) return;
    pass.refused(url, sent.get(url) ?? ""); // the filter of the next try waits for what comes of it
    sent.delete(url);
  };
  engine.registerRequestFilter(show);
  engine.addEventListener("retry", retried);
  return () => {
    engine.unregisterRequestFilter(show);
    engine.removeEventListener("retry", retried);
  };
}
