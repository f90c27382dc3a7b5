/**
 * The gateway's own view of the last requests.
 * @typedef {{n: number, time: number, method: string, what: string, status: number, bytes: number, milliseconds: number, credential: string}} Request
 */

const ROWS = 100;

export class Wire {
  /** @param {HTMLElement} rows @param {HTMLElement} count */
  constructor(rows, count) {
    this.rows = rows;
    this.count = count;
    this.last = 0;
    this.total = 0;
    this.refused = 0;
  }

  /** Show what came since the last look. */
  async look() {
    const response = await fetch(`/demo/wire?after=${this.last}`).catch(() => null);
    if (!response) this.last = 0; // a gateway that comes back counts from 1 again
    if (!response?.ok) return;
    /** @type {{last: number, requests: Request[]}} */
    const { last, requests } = await response.json();
    if (requests.length && !this.last) this.clear();
    this.last = last;
    for (const request of requests) this.rows.prepend(this.row(request));
    while (this.rows.children.length > ROWS) this.rows.lastElementChild?.remove();
    this.total += requests.length;
    this.refused += requests.filter((request) => request.status >= 400).length;
    this.count.textContent = `${this.total} request${this.total === 1 ? "" : "s"}${this.refused ? `, ${this.refused} refused` : ""}`;
  }

  clear() {
    this.rows.replaceChildren();
    this.total = 0;
    this.refused = 0;
  }

  /** @param {Request} request */
  row(request) {
    const row = document.createElement("tr");
    const time = new Date(request.time * 1000).toLocaleTimeString([], { hour12: false });
    const kind = request.status < 400 ? "good" : request.status < 500 ? "warn" : "bad";
    row.append(
      cell(time, "time"), cell(String(request.status), `code ${kind}`), cell(request.credential, "by"),
      asked(request), cell(size(request.bytes), "number"),
      cell(request.milliseconds.toFixed(0), "number"),
    );
    return row;
  }
}

function cell(text, className) {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = className;
  return made;
}

/** Route and path; the whole address, origin and all, on hover. @param {Request} request */
function asked({ method, what }) {
  const [route, target = ""] = what.split(" ");
  const made = cell(`${method} ${route} `, "what");
  const path = document.createElement("b");
  path.textContent = URL.canParse(target) ? new URL(target).pathname : target;
  made.append(path);
  made.title = `${method} ${what}`;
  return made;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
