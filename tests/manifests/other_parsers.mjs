// What players' own parsers make of manifests: one request a line of JSON, one answer a line.
//
// A request is {parser, kind, url, text}: a manifest in base64, and the address that the player has it from; a media
// playlist of HLS may have `variables`, which its multivariant playlist defines. The answer is {told}, a tree in which
// each URL that the player would ask for is {asked: <URL>}, or {failed}, what the parser has against the manifest.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , modules, now] = process.argv; // the folder with the players, and milliseconds since the epoch
const require = createRequire(`${modules}/any.js`);
const load = (path) => import(pathToFileURL(`${modules}/${path}`).href);

// -- as much of a browser as the parsers look at ----------------------------------------------------------------------

const NOW = Number(now);
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [NOW]));
  }
  static now() {
    return NOW;
  }
};
globalThis.self = globalThis.window = globalThis;
const element = () => ({ canPlayType: () => "", setAttribute() {}, style: {} });
globalThis.document = { documentElement: {}, createElement: element, addEventListener() {} };
globalThis.getComputedStyle = () => ({});
const seen = { userAgent: "node", vendor: "", platform: "", language: "en", languages: ["en"] };
Object.defineProperty(globalThis, "navigator", { value: seen, configurable: true });
for (const level of ["log", "info", "debug", "warn", "error"]) console[level] = () => {};
Map.prototype.getOrInsertComputed ??= function (key, made) {
  if (!this.has(key)) this.set(key, made(key));
  return this.get(key);
};
Map.prototype.getOrInsert ??= function (key, value) {
  return this.getOrInsertComputed(key, () => value);
};

/** What a browser makes of a URL before it asks for it. */
const asked = (url, base) => ({ asked: URL.canParse(url, base) ? new URL(url, base).href : url });
const maybe = (reference, base) => (reference ? asked(reference, base) : null);

// -- video.js ---------------------------------------------------------------------------------------------------------

const { Parser } = require("m3u8-parser");
const mpdParser = require("mpd-parser");
const REFERENCE = /ur[il]$|xAsset(?:Ur[il]|List)$|^locations$/i;

/** A parsed value with its references resolved against `base`, but for those that the parser has resolved itself. */
function resolved(value, base, key = "") {
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  if (Array.isArray(value)) return value.map((each) => resolved(each, base, key));
  if (typeof value === "string" && value && REFERENCE.test(key)) return asked(value, base);
  if (!value || typeof value !== "object" || value instanceof Date) return value;
  const told = Object.entries(value).filter(([name]) => name !== "uri" || !value.resolvedUri);
  return Object.fromEntries(told.map(([name, each]) => [name, resolved(each, base, name)]));
}

function videoHls({ url, text, variables }) {
  const parser = new Parser({ uri: url, mainDefinitions: variables ?? undefined });
  parser.push(text);
  parser.end();
  const { definitions, ...told } = parser.manifest; // which the gateway may tell in another way
  return resolved(told, url);
}

function videoDash({ url, text }) {
  const told = mpdParser.parse(text, { manifestUri: url, NOW });
  const groups = Object.values(told.mediaGroups).flatMap(Object.values).flatMap(Object.values);
  for (const each of [told, ...groups].flatMap(({ playlists }) => playlists ?? []))
    if (!each.sidx) delete each.resolvedUri; // the base, which is not asked for
  if (text.includes('type="dynamic"')) told.locations ??= [url];
  return { manifest: resolved(told, url), time: maybe(mpdParser.parseUTCTiming(text)?.value, url) };
}

// -- hls.js -----------------------------------------------------------------------------------------------------------

const { M3U8Parser, PlaylistLevelType } = await load("hls.js/dist/hls.mjs");

function hlsJs({ url, text, variables }) {
  if (M3U8Parser.isMediaPlaylist(text)) {
    return mediaTold(M3U8Parser.parseLevelPlaylist(text, url, 0, PlaylistLevelType.MAIN, 0, variables), url);
  }
  const main = M3U8Parser.parseMasterPlaylist(text, url);
  const media = Object.values(M3U8Parser.parseMasterPlaylistMedia(text, url, main)).flat();
  const variant = ({ url: at, bitrate, attrs: { URI, ...attributes } }) => ({ url: asked(at), bitrate, attributes });
  return {
    levels: main.levels.map(variant),
    iframes: main.iframeVariants.map(variant),
    media: media.map((each) => ({ name: each.name, group: each.groupId, url: maybe(each.url) })),
    steering: maybe(main.contentSteering?.uri, url),
    data: Object.values(main.sessionData ?? {}).map((each) => maybe(each.URI, url)),
    keys: (main.sessionKeys ?? []).map(keyTold),
  };
}

const keyTold = (key) => ({ url: maybe(key.uri), method: key.method, format: key.keyFormat, iv: [...(key.iv ?? [])] });

const pieceTold = ({ url, byteRange, duration, sn, cc, programDateTime, levelkeys, gap, index }) => ({
  ...{ url: asked(url), byteRange, duration, sn, cc, programDateTime, gap, index },
  keys: Object.values(levelkeys ?? {}).map(keyTold),
});

function mediaTold(details, url) {
  const fragments = details.fragments.filter(Boolean);
  return {
    fragments: fragments.map((each) => [pieceTold(each), each.initSegment && pieceTold(each.initSegment), each.title]),
    parts: (details.partList ?? []).map(pieceTold),
    hint: maybe(details.preloadHint?.URI, url),
    reports: (details.renditionReports ?? []).map(({ URI, ...rest }) => ({ url: asked(URI, url), ...rest })),
    ranges: Object.values(details.dateRanges).map(({ id, attr, startDate }) => ({
      ...{ id, startDate, asset: maybe(attr["X-ASSET-URI"], url), list: maybe(attr["X-ASSET-LIST"], url) },
    })),
    ...{ live: details.live, target: details.targetduration, total: details.totalduration },
  };
}

// -- Shaka ------------------------------------------------------------------------------------------------------------

const shaka = require("shaka-player/dist/shaka-player.compiled.debug.js");

/** What answers Shaka while it reads a manifest: that, and nothing to all else that it asks for. */
function network(url, bytes, wanted) {
  return (type, { uris }) => {
    const data = uris.includes(url) ? bytes : new ArrayBuffer(0);
    if (data !== bytes) wanted.push([type, uris.map((uri) => asked(uri))]);
    const headers = { date: new Date(NOW).toUTCString() };
    return shaka.util.AbortableOperation.completed({ uri: uris[0], originalUri: uris[0], data, headers, status: 200 });
  };
}

async function shakaOf(Made, { url, bytes, kind }) {
  const wanted = [], parser = new Made(), nothing = () => {};
  parser.configure(shaka.util.PlayerConfiguration.createDefault().manifest, () => false);
  const player = {
    networkingEngine: { request: network(url, bytes, wanted) },
    getStreamingRetryParameters: shaka.net.NetworkingEngine.defaultRetryParameters,
    getBandwidthEstimate: () => 1e6,
    isLowLatencyMode: () => true,
    filter: async () => {},
    ...{ makeTextStreamsForClosedCaptions: nothing, onTimelineRegionAdded: nothing, onEvent: nothing },
    ...{ updateDuration: nothing, newDrmInfo: nothing, onManifestUpdated: nothing, onMetadata: nothing },
    ...{ disableStream: nothing, addFont: nothing, onError: nothing },
  };
  try {
    const { variants, textStreams, imageStreams } = await parser.start(url, player);
    const pairs = variants.flatMap(({ video, audio }) => [video, audio]), told = [];
    const streams = new Set([...pairs, ...textStreams, ...imageStreams].filter(Boolean));
    for (const stream of streams) told.push(await streamTold(stream, kind));
    return { told, wanted };
  } finally {
    await parser.stop();
  }
}

async function streamTold(stream, kind) {
  const drm = stream.drmInfos.map(({ keySystem, licenseServerUri }) => [keySystem, maybe(licenseServerUri)]);
  const id = kind === "dash" && stream.originalId; // of HLS, it is the reference
  const told = { id, type: stream.type, codecs: stream.codecs, drm };
  try {
    await stream.createSegmentIndex();
    told.segments = [...(stream.segmentIndex ?? [])].filter(Boolean).slice(0, MOST).map(referenceTold);
  } catch (error) {
    told.failed = String(error.code ?? error);
  }
  return told;
}

const placeTold = (each) => each && [each.getUris().map((uri) => asked(uri)), each.startByte, each.endByte];
const referenceTold = (each) => ({
  ...{ at: placeTold(each), init: placeTold(each.initSegmentReference), start: each.startTime, end: each.endTime },
  parts: (each.partialReferences ?? []).map(referenceTold),
});

// -- dash.js ----------------------------------------------------------------------------------------------------------

const { FactoryMaker } = (await load("dashjs/dist/modern/esm/dash.all.debug.js")).default;
const MOST = 300; // segments of one representation, for a dynamic one may have no end
const KINDS = ["video", "audio", "text", "image"];
const CONSTANTS = { VIDEO: "video", AUDIO: "audio", TEXT: "text", IMAGE: "image", MUXED: "muxed", STREAM: "stream" };
const WAYS = ["Timeline", "Template", "List", "Base"];
const dashConstants = Object.fromEntries(WAYS.map((way) => [`SEGMENT_${way.toUpperCase()}`, `Segment${way}`]));
const quiet = () => {};
const debug = { getLogger: () => ({ debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet }) };

function dashJs({ url, text }) {
  const context = {};
  const made = (name, config) => FactoryMaker.getClassFactoryByName(name)(context).create(config);
  const single = (name) => FactoryMaker.getSingletonFactoryByName(name)(context).getInstance();
  const urlUtils = single("URLUtils"), adapter = single("DashAdapter"), timelineConverter = single("TimelineConverter");
  adapter.setConfig({ constants: CONSTANTS, errHandler: { error: quiet }, cea608parser: {}, BASE64: {} });
  const manifest = made("DashParser", { debug }).parse(text);
  Object.assign(manifest, { url, originalUrl: url, baseUri: urlUtils.parseBaseUrl(url), loadedTime: new Date() });
  adapter.updatePeriods(manifest);
  const contentSteeringController = single("ContentSteeringController");
  const serviceDescriptionController = { getServiceDescriptionSettings: () => ({}) };
  const manifestModel = { getValue: () => manifest };
  contentSteeringController.setConfig({ adapter, manifestModel, serviceDescriptionController });
  const baseURLController = made("BaseURLController");
  baseURLController.setConfig({ adapter, contentSteeringController });
  baseURLController.initialize(manifest);
  timelineConverter.initialize();
  const isDynamic = adapter.getIsDynamic(manifest), told = [];
  const common = { eventBus: single("EventBus"), debug, urlUtils, timelineConverter, baseURLController, dashConstants };
  for (const streamInfo of adapter.getStreamsInfo())
    for (const type of KINDS)
      for (const mediaInfo of adapter.getAllMediaInfoForType(streamInfo, type) ?? [])
        for (const representation of adapter.getVoRepresentations(mediaInfo) ?? []) {
          const config = { ...common, type, streamInfo, isDynamic };
          const segmentsController = made("SegmentsController", config);
          const handler = made("DashHandler", { ...config, segmentsController });
          handler.initialize(isDynamic);
          representation.mediaFinishedInformation = segmentsController.getMediaFinishedInformation(representation);
          const base = baseURLController.resolve(representation.path)?.url;
          told.push(representationTold(handler, mediaInfo, representation, base));
        }
  const locations = adapter.getLocation(manifest).map((each) => asked(each.url, url));
  const http = adapter.getUTCTimingSources().filter((each) => each.schemeIdUri.includes(":http-"));
  return {
    told,
    times: http.flatMap(({ value }) => value.split(/\s+/).map((each) => ({ asked: each }))),
    locations: isDynamic && !locations.length ? [asked(url)] : locations,
    patches: adapter.getPatchLocation(manifest).map((each) => asked(each.url, url)),
    steering: adapter.getContentSteering(manifest)?.serverUrl && asked(adapter.getContentSteering(manifest).serverUrl),
  };
}

function representationTold(handler, mediaInfo, representation, base) {
  const requestTold = ({ url, range, duration, startTime, index }) => [asked(url), range, duration, startTime, index];
  const init = handler.getInitRequest(mediaInfo, representation), segments = [];
  while (segments.length < MOST) {
    const request = handler.getNextSegmentRequest(mediaInfo, representation);
    if (!request) break;
    segments.push(requestTold(request));
  }
  const { id, indexRange } = representation;
  return { id, init: init && requestTold(init), segments, index: indexRange && [maybe(base), indexRange] };
}

// ---------------------------------------------------------------------------------------------------------------------

const PARSERS = {
  "m3u8-parser": videoHls,
  "mpd-parser": videoDash,
  "hls.js": hlsJs,
  "dash.js": dashJs,
  shaka: (request) => shakaOf(request.kind === "hls" ? shaka.hls.HlsParser : shaka.dash.DashParser, request),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line), buffer = Buffer.from(request.text, "base64");
  const bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length);
  let answer;
  try {
    answer = { told: await PARSERS[request.parser]({ ...request, bytes, text: new TextDecoder().decode(buffer) }) };
  } catch (error) {
    answer = { failed: String(error?.code ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
