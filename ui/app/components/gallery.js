// A grid of any length: rows are computed from the pictures' proportions, and only those near the
// window exist, so that ten thousand hits scroll like ten. More hits are fetched while people scroll.

const GAP = 10;
const FETCHED = 120;
const AHEAD_PX = 1400;
const HEADER_PX = 44;
const LONGEST_FADE = 120; // frames

class Gallery {
  constructor(root) {
    this.root = root;
    this.sheet = root.querySelector(".gallery");
    this.items = [];
    this.rows = [];
    this.shown = new Map();
    this.selected = new Set();
    this.current = 0;
    const host = root.host ?? root;
    this.scroller = host.closest("[data-testid=stMain]") ?? document.scrollingElement;
    this.onScroll = () => this.later();
    this.onHits = () => this.focus(this.current);
    this.onKey = (event) => this.fromAnywhere(event);
    this.scroller.addEventListener("scroll", this.onScroll, { passive: true });
    window.addEventListener("trove-hits", this.onHits);
    document.addEventListener("keydown", this.onKey);
    this.sheet.addEventListener("keydown", (event) => this.key(event));
    this.sheet.addEventListener("focusin", (event) => this.focused(event));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.sheet);
    this.observer.observe(this.scroller);
  }

  // Streamlit may mount again in the same element: what stays there would lie below the new tiles.
  close() {
    for (const row of this.shown.values()) row.remove();
    this.observer.disconnect();
    this.scroller.removeEventListener("scroll", this.onScroll);
    window.removeEventListener("trove-hits", this.onHits);
    document.removeEventListener("keydown", this.onKey);
    cancelAnimationFrame(this.frame);
  }

  show(data) {
    this.judged = data.judged;
    this.fresh = new Set(data.fresh);
    Object.assign(this, { token: data.token, url: data.url, complete: data.complete, items: data.tiles });
    this.current = 0;
    this.loading = false;
    if (this.selected.size) this.select([]);
    this.resize(true);
  }

  // --- layout

  resize(always = false) {
    const width = this.sheet.clientWidth;
    if (!width || (!always && width === this.width)) {
      this.later();
      return;
    }
    this.width = width;
    this.keepingFocus(() => {
      for (const row of this.shown.values()) row.remove();
      this.shown.clear();
      this.rows = [];
      this.lay();
      this.render();
    });
  }

  // A tile that is drawn anew has no focus, and the keyboard would lose its place.
  keepingFocus(draw) {
    const had = this.sheet.contains(this.root.activeElement);
    draw();
    if (had) this.focus(this.current);
  }

  // Puts items that are in no row yet into rows that fill the width; the last one may be filled later.
  lay() {
    const target = this.width < 480 ? 120 : 190;
    const last = this.rows.pop();
    let at = last ? last.from : 0;
    if (last) {
      this.shown.get(this.rows.length)?.remove();
      this.shown.delete(this.rows.length);
    }
    let top = last ? last.top : 0;
    while (at < this.items.length) {
      const row = { from: at, top, header: "" };
      const { group } = this.items[at];
      if (group && (at === 0 || this.items[at - 1].group !== group)) row.header = group;
      let ratios = 0;
      let said = false;
      do {
        ratios += this.items[at].ratio;
        said ||= Boolean(this.items[at].src && this.items[at].parts);
        at += 1;
      } while (
        at < this.items.length && this.items[at].group === group && ratios * target + (at - row.from) * GAP < this.width
      );
      row.to = at;
      const room = this.width - (at - row.from - 1) * GAP;
      row.height = Math.min(room / ratios, ratios * target < room ? target : Infinity);
      row.bottom = top + (row.header ? HEADER_PX : 0) + row.height + (said ? 62 : 26);
      top = row.bottom + GAP;
      this.rows.push(row);
    }
    this.sheet.style.height = `${top}px`;
  }

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.render());
  }

  // Makes the rows near the window, and takes the others away.
  render() {
    const box = this.sheet.getBoundingClientRect();
    const first = -box.top - AHEAD_PX / 2;
    const last = -box.top + window.innerHeight + AHEAD_PX / 2;
    for (const [at, row] of this.shown) {
      const { top, bottom } = this.rows[at];
      if (bottom < first || top > last) {
        // What has the focus stays, or the keyboard would lose its place.
        if (row.contains(this.root.activeElement)) continue;
        row.remove();
        this.shown.delete(at);
      }
    }
    for (let at = this.rowAt(first); at < this.rows.length && this.rows[at].top <= last; at += 1) {
      if (!this.shown.has(at)) this.shown.set(at, this.draw(at));
    }
    if (!this.complete && -box.top + window.innerHeight + 2 * AHEAD_PX > box.height) this.more();
  }

  rowAt(y) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].bottom < y) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low);
  }

  draw(at) {
    const row = this.rows[at];
    const made = element("div", "row");
    made.style.top = `${row.top}px`;
    if (row.header) made.append(element("h3", "header", row.header));
    const line = element("div", "line");
    for (let index = row.from; index < row.to; index += 1) line.append(this.tile(index, row.height));
    made.append(line);
    // In the order of the page, for those who read it with their ears.
    const after = [...this.shown.keys()].filter((other) => other > at).sort((a, b) => a - b)[0];
    this.sheet.insertBefore(made, after === undefined ? null : this.shown.get(after));
    return made;
  }

  tile(index, height) {
    const hit = this.items[index];
    const made = element("div", "tile");
    made.dataset.unit = hit.id;
    made.dataset.index = index;
    made.style.width = `${hit.ratio * height}px`;
    made.classList.toggle("selected", this.selected.has(hit.id));
    const open = element("button", "open");
    open.type = "button";
    open.tabIndex = index === this.current ? 0 : -1;
    open.setAttribute("aria-label", `Open ${hit.alt}`);
    open.title = hit.path;
    open.onclick = (event) => (event.shiftKey || event.ctrlKey || event.metaKey
      ? this.toggle(index, event.shiftKey) : this.tell("open", hit.id));
    const picture = frame(hit);
    if (this.fresh.has(hit.id)) picture.append(element("span", "badge fresh", "New"));
    if (hit.offline) picture.append(element("span", "badge", "Not connected"));
    picture.style.height = `${height}px`;
    if (hit.preview) preview(made, picture, hit.preview);
    const caption = element("span", "caption");
    caption.append(element("span", "name", hit.name));
    open.append(picture, caption);
    if (hit.src && hit.parts) open.append(marked("said", hit));
    const pick = button("pick", "", `Select ${hit.alt}`, (event) => this.toggle(index, event.shiftKey));
    pick.setAttribute("role", "checkbox");
    pick.setAttribute("aria-checked", this.selected.has(hit.id));
    if (this.judged) made.append(this.thumbs(hit));
    made.append(open, pick, button("similar", "Similar", `Similar to ${hit.alt}`, () => this.tell("similar", hit.id)));
    return made;
  }

  // What people think of a hit of a saved search; a second press takes it back.
  thumbs(hit) {
    const made = element("div", "thumbs");
    for (const [up, text, label] of [[true, "✓", "is what is meant"], [false, "✗", "is not what is meant"]]) {
      const thumb = button("thumb", text, `${hit.alt} ${label}`, () => {
        const on = this.judged[hit.id] === up;
        thumb.setAttribute("aria-pressed", !on);
        this.tell("judged", { id: hit.id, up: on ? null : up });
      });
      thumb.tabIndex = 0;
      thumb.setAttribute("aria-pressed", this.judged[hit.id] === up);
      made.append(thumb);
    }
    return made;
  }

  // --- more

  async more() {
    if (this.loading || this.complete) return;
    this.loading = true;
    const { token } = this;
    const count = Math.max(FETCHED, Math.min(1000, this.items.length));
    try {
      const answer = await fetch(`${this.url}?start=${this.items.length}&count=${count}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const { tiles, complete } = await answer.json();
      if (token !== this.token) return;
      this.items.push(...tiles);
      this.complete = complete;
      this.keepingFocus(() => this.lay());
    } catch {
      // The app was restarted, or is busy: what is there stays, and scrolling tries again.
      await new Promise((done) => setTimeout(done, 2000));
    } finally {
      if (token === this.token) {
        this.loading = false;
        this.later();
      }
    }
  }

  // --- selection

  toggle(index, through) {
    const { id } = this.items[index];
    const on = !this.selected.has(id);
    const [from, to] = through && this.picked !== undefined
      ? [Math.min(index, this.picked), Math.max(index, this.picked)] : [index, index];
    for (const item of this.items.slice(from, to + 1)) this.selected[on ? "add" : "delete"](item.id);
    this.picked = index;
    this.select([...this.selected]);
  }

  select(ids) {
    this.selected = new Set(ids);
    this.tellState("selected", ids);
    for (const tile of this.sheet.querySelectorAll(".tile")) {
      const on = this.selected.has(Number(tile.dataset.unit));
      tile.classList.toggle("selected", on);
      tile.querySelector(".pick").setAttribute("aria-checked", on);
    }
    this.sheet.classList.toggle("selecting", this.selected.size > 0);
  }

  // --- keyboard

  focused(event) {
    const index = Number(event.target.closest(".tile")?.dataset.index);
    if (Number.isNaN(index) || index === this.current) return;
    this.at(this.current)?.setAttribute("tabindex", "-1");
    this.current = index;
    this.at(index)?.setAttribute("tabindex", "0");
  }

  at(index) {
    return this.sheet.querySelector(`.tile[data-index="${index}"] .open`);
  }

  focus(index) {
    const at = this.rows.findIndex((row) => index < row.to);
    if (at < 0) return;
    if (!this.shown.has(at)) this.shown.set(at, this.draw(at));
    const open = this.at(index);
    open.focus({ preventScroll: true });
    open.scrollIntoView({ block: "nearest" });
  }

  // The hit that was open has the focus again, in its place, once nothing else takes it: a dialog that
  // still fades out does, and what Streamlit draws anew loses it.
  back(unit) {
    const index = this.items.findIndex((item) => item.id === unit);
    const give = (left) => {
      if (!left || index < 0 || !this.sheet.isConnected) return;
      if (this.idle()) this.focus(index);
      requestAnimationFrame(() => give(left - 1));
    };
    give(LONGEST_FADE);
  }

  // Whether nothing on the page has the focus.
  idle() {
    const { activeElement } = document;
    const none = activeElement === document.body || activeElement === this.scroller;
    return none && !document.querySelector("[role=dialog]");
  }

  fromAnywhere(event) {
    if (event.key.startsWith("Arrow") && this.items.length && this.idle()) {
      event.preventDefault();
      this.focus(this.current);
    }
  }

  key(event) {
    const index = Number(event.target.closest(".tile")?.dataset.index);
    if (Number.isNaN(index) || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowRight: () => index + 1,
      ArrowLeft: () => index - 1,
      ArrowDown: () => this.beyond(index, 1),
      ArrowUp: () => this.beyond(index, -1),
      Home: () => 0,
      End: () => this.items.length - 1,
    }[event.key];
    if (to) {
      event.preventDefault();
      const wanted = to();
      if (wanted >= 0 && wanted < this.items.length) this.focus(wanted);
    } else if (event.key === "x") {
      this.toggle(index, false);
    } else if (event.key === "s") {
      this.tell("similar", this.items[index].id);
    }
  }

  // The item of the row above or below that lies nearest.
  beyond(index, step) {
    const at = this.rows.findIndex((row) => index < row.to);
    const row = this.rows[at + step];
    if (!row) return -1;
    const middle = (from, of) => {
      let left = 0;
      for (let other = from; other < of; other += 1) left += this.items[other].ratio;
      return left + this.items[of].ratio / 2;
    };
    const here = middle(this.rows[at].from, index) * this.rows[at].height;
    let best = row.from;
    for (let other = row.from; other < row.to; other += 1) {
      if (Math.abs(middle(row.from, other) * row.height - here) < Math.abs(middle(row.from, best) * row.height - here)) {
        best = other;
      }
    }
    return best;
  }
}

const galleries = new WeakMap();
let given = 0; // the closing after which the focus was last given back

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  let gallery = galleries.get(parentElement);
  if (!gallery) {
    gallery = new Gallery(parentElement);
    galleries.set(parentElement, gallery);
  }
  gallery.tell = setTriggerValue;
  gallery.tellState = setStateValue;
  // Every rerun of the page comes here; pictures that are already there must not flicker.
  if (gallery.token !== data.token) gallery.show(data);
  else if (data.cleared !== gallery.cleared && gallery.selected.size) gallery.select([]);
  gallery.cleared = data.cleared;
  if (data.closed && data.closed.nth !== given) {
    given = data.closed.nth;
    gallery.back(data.closed.unit);
  }
  return () => {
    gallery.close();
    galleries.delete(parentElement);
  };
}
