/**
 * dash.js (5 or later): interceptors of each request and response; after a 401 its own next try carries the token.
 * @typedef {{url: string, headers?: Record<string, string>}} DashRequest
 * @typedef {{status?: number, headers?: Record<string, string>, request: DashRequest}} DashResponse
 * @typedef {{addRequestInterceptor(heard: any): void, removeRequestInterceptor(heard: any): void,
 *   addResponseInterceptor(heard: any): void, removeResponseInterceptor(heard: any): void,
 *   registerLicenseRequestFilter(filter: any): void, unregisterLicenseRequestFilter(filter: any): void}} Dash
 * @typedef {import("./pass.js").Pass} Pass
 */
import { FIELD } from "./pass.js";

/** Call it before `attachSource`. @param {Dash} player @param {Pass} pass @returns {() => void} what takes it off again */
export function attachDash(player, pass) {
  const show = async (/** @type {DashRequest} */ request) => {
    const token = await pass.tokenFor(request.url);
    if (token) request.headers = { ...request.headers, [FIELD]: token };
    return request;
  };
  const look = async (/** @type {DashResponse} */ response) => {
    const { status, headers, request } = response;
    if (status === 401) pass.refused(request.url, request.headers?.[FIELD] ?? "", headers?.["content-type"]);
    return response;
  };
  const showWithLicence = async (/** @type {DashRequest} */ request) => {
    const token = await pass.tokenAnyway(request.url);
    if (token) request.headers = { ...request.headers, [FIELD]: token };
  };
  player.addRequestInterceptor(show);
  player.addResponseInterceptor(look);
  player.registerLicenseRequestFilter(showWithLicence);
  return () => {
    player.removeRequestInterceptor(show);
    player.removeResponseInterceptor(look);
    player.unregisterLicenseRequestFilter(showWithLicence);
  };
}
