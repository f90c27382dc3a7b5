/**
 * hls.js (1.4 or later): its loaders wait for the token, and try once more on 401, beneath its own retry policies.
 * @typedef {{url: string, headers?: Record<string, string>}} Context
 * @typedef {{aborted: boolean, loading: {start: number}}} Stats
 * @typedef {{url: string, data?: unknown}} Answer
 * @typedef {(response: Answer, stats: Stats, context: Context, details: unknown) => void} OnSuccess
 * @typedef {(error: {code: number, text: string}, context: Context, details: any, stats: Stats) => void} OnError
 * @typedef {(stats: Stats, context: Context, details: unknown) => void} OnAbort
 * @typedef {{onSuccess: OnSuccess, onError: OnError, onAbort?: OnAbort}} Callbacks
 * @typedef {{stats: Stats, load(context: Context, config: object, callbacks: Callbacks): void, abort(): void,
 *   destroy(): void}} Loader
 * @typedef {new (...parts: any[]) => Loader} LoaderClass
 * @typedef {(this: unknown, xhr: XMLHttpRequest, url: string, ...rest: any[]) => unknown} LicenceSetup
 * @typedef {{config: {loader: any, pLoader?: any, fLoader?: any, licenseXhrSetup?: any},
 *   on?: any, off?: any}} Hls
 * @typedef {import("./pass.js").Pass} Pass
 * @typedef {import("./pass.js").Lent} Lent
 */
import { FIELD } from "./pass.js";
import { SteadyNames } from "./names.js";

/** Hls.Events: an interstitial has a player of its own, made by what the page gave to `new Hls`. */
const INTERSTITIAL_ASSET_PLAYER_CREATED = "hlsInterstitialAssetPlayerCreated";

/** Call it before `loadSource`. @param {Hls} hls @param {Pass} pass @returns {() => void} what takes it off again */
export function attachHls(hls, pass) {
  const lent = pass.lend();
  const restore = gate(hls, lent);
  const made = (/** @type {string} */ _name, /** @type {{player: {hls: Hls}}} */ { player }) => { gate(player.hls, lent); };
  hls.on?.(INTERSTITIAL_ASSET_PLAYER_CREATED, made);
  return () => {
    lent.end();
    hls.off?.(INTERSTITIAL_ASSET_PLAYER_CREATED, made);
    restore();
  };
}

/** @param {Hls} hls @param {Lent} pass @returns {() => void} what puts back all that nobody has built upon since */
function gate({ config }, pass) {
  const { loader, pLoader, fLoader, licenseXhrSetup } = config;
  const names = new SteadyNames(pass.gateway);
  const gated = (/** @type {LoaderClass | undefined} */ Base) => Base && gatedLoader(Base, pass, names);
  const before = { loader, pLoader, fLoader, licenseXhrSetup };
  const ours = { loader: gated(loader), pLoader: gated(pLoader), fLoader: gated(fLoader), licenseXhrSetup: licenceSetup(licenseXhrSetup, pass) };
  Object.assign(config, ours);
  return () => {
    for (const name of /** @type {(keyof typeof ours)[]} */ (Object.keys(ours))) {
      if (config[name] === ours[name]) config[name] = before[name];
    }
  };
}

/** @param {LoaderClass} Base @param {Lent} pass @param {SteadyNames} names @returns {LoaderClass} */
function gatedLoader(Base, pass, names) {
  return class extends Base {
    /** @type {(() => void) | null} */
    #giveUp = null;

    /** @param {Context} context @param {object} config @param {Callbacks} callbacks */
    load(context, config, callbacks) {
      let tried = false;
      context.url = names.newest(context.url);
      /** @type {OnError} */
      const onError = (error, heard, details, stats) => {
        if (error.code !== 401) { callbacks.onError(error, heard, details, stats); return; }
        const refused = pass.refused(context.url, context.headers?.[FIELD] ?? "", typeOf(details), tried);
        tried = true;
        this.#await(context, callbacks, refused, (worth) => {
          if (worth) send();
          else callbacks.onError(error, heard, details, stats);
        });
      };
      /** @type {OnSuccess} */
      const onSuccess = (response, ...rest) => {
        if (typeof response.data === "string") response.data = names.steady(response.data, response.url);
        callbacks.onSuccess(response, ...rest);
      };
      const send = () => this.#await(context, callbacks, pass.tokenFor(context.url), (token) => {
        if (token) context.headers = { ...context.headers, [FIELD]: token };
        this.stats.loading.start = 0; // or hls.js says that a loader can only be used once
        super.load(context, config, { ...callbacks, onSuccess, onError });
      });
      send();
    }

    /**
     * Go on with what a promise gives, unless the load is aborted meanwhile.
     * @template T
     * @param {Context} context @param {Callbacks} callbacks @param {Promise<T>} promise @param {(value: T) => void} goOn
     */
    #await(context, callbacks, promise, goOn) {
      const giveUp = this.#giveUp = () => {
        this.stats.aborted = true;
        callbacks.onAbort?.(this.stats, context, null);
      };
      promise.then((value) => {
        if (this.#giveUp !== giveUp) return;
        this.#giveUp = null;
        goOn(value);
      });
    }

    abort() {
      const giveUp = this.#giveUp;
      this.#giveUp = null;
      if (giveUp) giveUp();
      else super.abort();
    }

    destroy() {
      this.#giveUp = null;
      super.destroy();
    }
  };
}

/** The content type of an answer, by whichever loader it came. @param {XMLHttpRequest | Response | null} answer */
function typeOf(answer) {
  return answer instanceof Response ? answer.headers.get("Content-Type") : answer?.getResponseHeader("Content-Type");
}

/** Licences do not go by the loaders. @param {LicenceSetup | undefined} before @param {Lent} pass @returns {LicenceSetup} */
function licenceSetup(before, pass) {
  /** @type {WeakMap<XMLHttpRequest, () => Promise<void>>} hls.js sets a request up again if that failed before it was open */
  const gated = new WeakMap();
  return async function (xhr, url, ...rest) {
    const show = gated.get(xhr) ?? gatedRequest(xhr, pass);
    gated.set(xhr, show);
    const challenge = await before?.call(this, xhr, url, ...rest);
    if (!xhr.readyState) xhr.open("POST", url, true);
    await show();
    return challenge;
  };
}

/**
 * Have a request be made once more on 401, the same, before hls.js hears of it.
 * @param {XMLHttpRequest} xhr not open yet @param {Lent} pass @returns {() => Promise<void>} what adds the token, once it is open
 */
function gatedRequest(xhr, pass) {
  const { open, setRequestHeader, send } = XMLHttpRequest.prototype;
  const { onreadystatechange } = xhr;
  let url = "", token = "", tried = false;
  /** @type {(() => void)[]} what was done to it, to be done again */
  let steps = [];
  const does = (/** @type {Function} */ step, /** @type {unknown[]} */ ...parts) => {
    step.apply(xhr, parts);
    steps.push(() => step.apply(xhr, parts));
  };
  const show = async () => {
    token = await pass.tokenAnyway(url);
    if (token) setRequestHeader.call(xhr, FIELD, token);
  };
  xhr.open = (/** @type {any[]} */ ...parts) => { steps = []; url = parts[1]; does(open, ...parts); };
  xhr.setRequestHeader = (...parts) => does(setRequestHeader, ...parts);
  xhr.send = (challenge) => {
    send.call(xhr, challenge);
    xhr.onreadystatechange = async (event) => {
      const refused = xhr.readyState === XMLHttpRequest.DONE && xhr.status === 401;
      const again = refused && pass.refused(url, token, xhr.getResponseHeader("Content-Type"), tried);
      tried ||= refused;
      if (!again || !await again) { onreadystatechange?.call(xhr, event); return; }
      for (const step of steps) step();
      await show();
      send.call(xhr, challenge);
    };
  };
  return show;
}
