// Bars of months or years. A click takes one, dragging takes several; arrow keys move, Enter takes.
// What has no date is beside them, a class of its own.

const MOST_MONTHS = 36;
const UNKNOWN = "unknown";

const spoken = (bar) => (bar.length === 4 ? bar
  : new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${bar}-01T00:00Z`)));

const all = (first, last) => {
  const found = [];
  let [year, month] = first.split("-").map(Number);
  while (found.length < 12 * 400) {
    const name = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`;
    found.push(name);
    if (name >= last) break;
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
  return found;
};

class Histogram {
  constructor(root) {
    this.bars = root.querySelector(".bars");
    this.from = root.querySelector(".from");
    this.to = root.querySelector(".to");
    this.what = root.querySelector(".what");
    this.none = root.querySelector(".none");
    this.none.onclick = () => this.tell("range", { first: null, last: null });
    this.undated = root.querySelector(".undated");
    this.undated.onclick = () => this.tell("range", { first: UNKNOWN, last: UNKNOWN });
    window.addEventListener("pointerup", (this.up = () => this.finish()));
  }

  close() {
    window.removeEventListener("pointerup", this.up);
  }

  show(data) {
    const shown = JSON.stringify(data);
    if (this.shown === shown) return;
    this.shown = shown;
    this.bars.style.height = `${data.height_px}px`;
    const counts = new Map(data.months);
    const names = [...counts.keys()];
    let bars = names.length ? all(names[0], names.at(-1)) : [];
    const isUnknown = data.first === UNKNOWN;
    const [first, last] = isUnknown ? [null, null] : [data.first, data.last];
    // Within a year or two months are told apart, over a life only years.
    const within = first && bars.filter((bar) => bar.slice(0, 4) >= first.slice(0, 4) && bar.slice(0, 4) <= last.slice(0, 4));
    if (within?.length && within.length <= MOST_MONTHS) bars = within;
    if (bars.length > MOST_MONTHS) {
      bars = [...new Set(bars.map((bar) => bar.slice(0, 4)))];
      for (const [month, count] of data.months) {
        const year = month.slice(0, 4);
        counts.set(year, (counts.get(year) ?? 0) + count);
      }
    }
    const most = Math.max(1, ...bars.map((bar) => counts.get(bar) ?? 0));
    this.names = bars;
    this.bars.replaceChildren(...bars.map((bar, at) => this.bar(bar, at, counts.get(bar) ?? 0, most)));
    const inside = (bar) => first && bar.slice(0, first.length) >= first.slice(0, bar.length)
      && bar.slice(0, last.length) <= last.slice(0, bar.length);
    this.paint(inside);
    this.from.textContent = bars.length ? spoken(bars[0]) : "";
    this.to.textContent = bars.length > 1 ? spoken(bars.at(-1)) : "";
    this.none.hidden = !data.first;
    this.undated.hidden = !data.undated;
    this.undated.textContent = `Without a date: ${data.undated}`;
    this.undated.setAttribute("aria-pressed", isUnknown);
    const chosen = data.months.reduce((sum, [month, count]) => sum + (inside(month) ? count : 0), 0);
    this.what.textContent = first
      ? `${first === last ? spoken(first) : `${spoken(first)} – ${spoken(last)}`}: ${chosen}` : "";
  }

  bar(name, at, count, most) {
    const made = element("button", "bar");
    made.type = "button";
    made.tabIndex = at === 0 ? 0 : -1;
    made.title = `${spoken(name)}: ${count}`;
    made.setAttribute("aria-label", `${spoken(name)}: ${count} ${count === 1 ? "file" : "files"}`);
    const fill = element("span", "fill");
    fill.style.height = count ? `${Math.max(6, Math.sqrt(count / most) * 100)}%` : "0";
    made.append(fill);
    made.onpointerdown = (event) => {
      event.preventDefault();
      made.releasePointerCapture?.(event.pointerId);
      this.start = at;
      this.end = at;
      this.drag();
    };
    made.onpointerenter = () => {
      if (this.start === undefined) return;
      this.end = at;
      this.drag();
    };
    made.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.bars.children[at + step]?.focus();
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.start = this.end = at;
        this.finish();
      }
    };
    return made;
  }

  drag() {
    const [low, high] = [Math.min(this.start, this.end), Math.max(this.start, this.end)];
    this.paint((_bar, at) => at >= low && at <= high);
  }

  paint(chosen) {
    this.names.forEach((bar, at) => this.bars.children[at].setAttribute("aria-pressed", Boolean(chosen(bar, at))));
  }

  finish() {
    if (this.start === undefined) return;
    const [low, high] = [Math.min(this.start, this.end), Math.max(this.start, this.end)];
    this.start = undefined;
    this.tell("range", { first: this.names[low], last: this.names[high] });
  }
}

export default mounted(Histogram);
