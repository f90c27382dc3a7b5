/** The plan table, and how the demo's key stands. */
export class Limits {
  /** @param {HTMLElement} rows @param {HTMLElement} usage @param {HTMLElement} bar */
  constructor(rows, usage, bar) {
    this.rows = rows;
    this.usage = usage;
    this.bar = bar;
  }

  /** Show what tiers.yaml says now. */
  async look() {
    const response = await fetch("/demo/limits");
    if (!response.ok) return;
    const { tiers, usage } = await response.json();
    this.rows.replaceChildren(...Object.entries(tiers).map(([name, tier]) => this.row(name, tier, name === usage?.tier)));
    if (!usage) { this.usage.textContent = "The demo's key is no longer alive; start the demo again."; this.bar.style.width = "0"; return; }
    const limit = usage.policies.rate_limit;
    if (!limit) { this.usage.textContent = `The demo's key, tier ${usage.tier}, has no request limit.`; return; }
    const used = Math.max(0, limit.limit - limit.remaining);
    this.usage.textContent = `The demo's key, tier ${usage.tier}: ${used} of ${limit.limit} requests in the last ${limit.window} s.`;
    this.bar.style.width = `${Math.min(100, (100 * used) / limit.limit)}%`;
  }

  row(name, tier, own) {
    const row = document.createElement("tr");
    if (own) row.className = "own";
    const limit = tier.rate_limit;
    for (const text of [name, limit ? `${limit.limit} / ${limit.window} s` : "no limit", tier.streaming ? "yes" : "no"]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }
}
