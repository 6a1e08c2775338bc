// A grid of any length: rows are computed from the pictures' proportions, and only those near the
// window exist, so that ten thousand hits scroll like ten. More hits are fetched while people scroll: by
// relevance one after the other; of what is sorted those that are in sight, wherever that is.

const FETCHED = 120;
const AHEAD_PX = 1400;
const AHEAD_MS = 500; // after an answer, as the next one may be asked for while people type
const BELOW_BAR_PX = 72; // what is jumped to lies below Streamlit's bar
const THUMBS_PX = 40;
const LONGEST_FADE = 120; // frames

const given = {}; // the closing after which each grid last gave the focus back, by its name

class Gallery {
  constructor(root) {
    this.root = root;
    this.grid = root.querySelector(".grid");
    this.sheet = root.querySelector(".gallery");
    this.items = [];
    this.parts = [];
    this.rows = [];
    this.lacking = new Set();
    this.shown = new Map();
    this.selected = new Set();
    this.current = 0;
    this.scrolledAt = -Infinity;
    const host = root.host ?? root;
    this.scroller = host.closest("[data-testid=stMain]") ?? document.scrollingElement;
    this.onScroll = () => {
      if (this.scroller.scrollTop !== this.scrolledTo) {
        this.aim = undefined;
        this.scrolledAt = performance.now();
      }
      this.later();
    };
    this.onHits = () => { if (!this.strip) this.focus(this.current); };
    this.onKey = (event) => this.fromAnywhere(event);
    this.scroller.addEventListener("scroll", this.onScroll, { passive: true });
    window.addEventListener("trove-hits", this.onHits);
    document.addEventListener("keydown", this.onKey);
    this.sheet.addEventListener("keydown", (event) => this.key(event));
    this.sheet.addEventListener("focusin", (event) => this.focused(event));
    for (const come of ["load", "error"]) this.sheet.addEventListener(come, () => this.later(), true);
    this.scrubber = new Scrubber(root.querySelector(".scrubbing"), (index) => this.jump(index));
    this.sizes = new Sizes(root.querySelector(".sizes"), () => this.resize(true));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.sheet);
    this.observer.observe(this.scroller);
  }

  // Streamlit may mount again in the same element: what stays there would lie below the new tiles.
  close() {
    for (const made of this.shown.values()) made.remove();
    this.observer.disconnect();
    this.scroller.removeEventListener("scroll", this.onScroll);
    window.removeEventListener("trove-hits", this.onHits);
    document.removeEventListener("keydown", this.onKey);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
  }

  show(data) {
    if (this.token !== data.token) this.begin(data);
    else if (data.cleared !== this.cleared && this.selected.size) this.select([]);
    this.cleared = data.cleared;
    if (data.closed && data.closed.nth !== given[data.name]) {
      given[data.name] = data.closed.nth;
      this.back(data.closed.unit);
    }
  }

  begin(data) {
    this.sheet.setAttribute("aria-label", data.label);
    this.judged = data.judged;
    this.fresh = new Set(data.fresh);
    this.strip = data.most_rows;
    Object.assign(this, { token: data.token, url: data.url, complete: data.complete, items: data.tiles });
    // Of what is sorted it is known from the start how many there are.
    this.sorted = data.total !== null;
    if (this.sorted) this.items.length = data.total;
    this.parts = partsOf(this.items.length, data.days);
    this.months = this.parts.filter((part) => part.month);
    this.scrubber.show(this.months.map(({ from, month }) => ({ from, ...month })));
    this.grid.classList.toggle("timed", this.months.length > 1);
    this.grid.classList.toggle("headed", this.months.length > 0);
    this.grid.classList.toggle("strip", Boolean(this.strip));
    this.lacking.clear();
    this.rows = [];
    this.aim = undefined;
    this.current = 0;
    this.loading = false;
    this.rested = false;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.rested = true;
      this.later();
    }, AHEAD_MS);
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
    this.small = width < PHONE_PX || byTouch();
    this.sheet.classList.toggle("small", this.small);
    this.keepingFocus(() => this.keepingSight(() => {
      this.width = width;
      for (const part of this.parts) part.rows = null;
      this.lay();
    }));
  }

  // A tile that is drawn anew has no focus, and the keyboard would lose its place.
  keepingFocus(draw) {
    const had = this.sheet.contains(this.root.activeElement);
    draw();
    if (had) this.focus(this.current);
  }

  // What is in sight stays where it is, whatever becomes of the rows above it: what was jumped to, or else
  // the first pictures.
  keepingSight(change) {
    const y = this.scrolled();
    const near = y > 0 ? this.rows.slice(rowAt(this.rows, y + BELOW_BAR_PX), rowAt(this.rows, y + window.innerHeight) + 1) : [];
    const held = this.aim === undefined ? near.find((row) => row.whole) ?? near[0] : this.rows[rowOf(this.rows, this.aim)];
    const { from, top } = held ?? {};
    change();
    const moved = from === undefined || !this.rows.length ? 0 : this.rows[rowOf(this.rows, from)].top - top;
    if (moved) this.scroll(moved);
    this.render();
  }

  scroll(by) {
    this.scroller.scrollTop += by;
    this.scrolledTo = this.scroller.scrollTop;
  }

  // Puts the hits into rows, those of new or changed parts anew.
  lay() {
    const target = this.sizes.height(this.width, this.strip);
    this.rows = [];
    for (const part of this.parts) {
      part.rows ??= keptRows(rowsOf(part, this.items, this.width, target), part.before ?? []);
      this.rows.push(...part.rows);
    }
    if (this.strip) this.rows.splice(this.strip);
    const height = place(this.rows, this.small && this.judged ? THUMBS_PX : 0);
    this.sheet.style.height = `${height}px`;
    if (this.months.length > 1) this.scrubber.lay(this.months.map((part) => part.rows[0].top / height));
  }

  // How far the window has gone down the grid; negative while its top is in sight.
  scrolled() {
    return -this.sheet.getBoundingClientRect().top;
  }

  jump(index) {
    this.aim = index;
    this.scroll(this.rows[rowOf(this.rows, index)].top - this.scrolled() - BELOW_BAR_PX);
    this.render();
  }

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.render());
  }

  // Makes the rows near the window, and takes the others away.
  render() {
    const y = this.scrolled();
    const first = y - AHEAD_PX / 2;
    const last = y + window.innerHeight + AHEAD_PX / 2;
    for (const [row, made] of this.shown) {
      const there = this.rows[row.at] === row;
      // What has the focus stays, or the keyboard would lose its place.
      const stays = there && (row.bottom >= first && row.top <= last || made.contains(this.root.activeElement));
      if (stays) {
        made.style.top = `${row.top}px`;
      } else {
        made.remove();
        this.shown.delete(row);
      }
    }
    for (let at = rowAt(this.rows, first); at < this.rows.length && this.rows[at].top <= last; at += 1) {
      if (!this.shown.has(this.rows[at])) this.draw(this.rows[at]);
    }
    if (this.months?.length > 1 && this.rows.length) {
      const below = y + BELOW_BAR_PX + 1;
      const seen = this.aim ?? this.rows[rowAt(this.rows, below)].from;
      this.scrubber.see(seen, Math.max(0, Math.min(1, below / this.sheet.clientHeight)));
    }
    this.more(y, window.innerHeight);
  }

  draw(row) {
    const made = element("div", "row");
    made.style.top = `${row.top}px`;
    if (row.month) made.append(element("h3", "month", row.month.name));
    const days = element("div", "days");
    for (const { from, to, day } of row.pieces) {
      const piece = element("div", "piece");
      if (row.dated) piece.append(dayHeading(day));
      const line = element("div", "line");
      for (let index = from; index < to; index += 1) line.append(this.tile(index, row.height));
      piece.append(line);
      days.append(piece);
    }
    made.append(days);
    // In the order of the page, for those who read it with their ears.
    const after = [...this.shown.keys()].filter((other) => other.at > row.at).sort((a, b) => a.at - b.at)[0];
    this.sheet.insertBefore(made, after === undefined ? null : this.shown.get(after));
    this.shown.set(row, made);
  }

  tile(index, height) {
    const hit = this.items[index];
    if (!hit) return blank(index, height, index === this.current);
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
    const picks = (event) => event.shiftKey || event.ctrlKey || event.metaKey || (this.selected.size && byTouch());
    open.onclick = (event) => {
      if (!this.strip && picks(event)) this.toggle(index, event.shiftKey);
      else {
        this.tell("open", hit.id);
        grow(open.querySelector("img"), hit.view);
      }
    };
    if (!this.strip) press(open, () => this.toggle(index, false));
    const picture = frame(hit, performance.now() - this.scrolledAt > STAYS_MS);
    made.style.setProperty("--tall", `${height}px`);
    if (hit.preview) preview(made, picture, hit.preview);
    const caption = element("span", "caption");
    caption.append(...badges(hit, this.fresh.has(hit.id)), element("span", "name", hit.name));
    open.append(picture, caption);
    if (hit.src && hit.parts) open.append(marked("said", hit));
    const pick = button("pick", "", `Select ${hit.alt}`, (event) => this.toggle(index, event.shiftKey));
    pick.setAttribute("role", "checkbox");
    pick.setAttribute("aria-checked", this.selected.has(hit.id));
    if (this.judged) made.append(this.thumbs(hit));
    made.append(open);
    if (this.strip) return made;
    made.append(pick, button("similar", "Similar", `Similar to ${hit.alt}`, () => this.tell("similar", hit.id)));
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

  // Fetches what is missing near the window, that which is in sight first.
  more(y, height) {
    if (this.loading || !this.sheet.isConnected) return; // a grid that is gone has no height, and would ask for all
    const ahead = this.rested && this.drawn() ? AHEAD_PX : 0;
    if (!this.sorted) {
      if (!this.complete && y + height + 2 * ahead > this.sheet.clientHeight) {
        this.fetch(this.items.length, Math.max(FETCHED, Math.min(1000, this.items.length)));
      }
      return;
    }
    const missing = this.missing(y, y + height) ?? this.missing(y - ahead, y + height + ahead);
    if (missing === undefined) return;
    const page = FETCHED * Math.floor(missing / FETCHED);
    this.fetch(missing, page + FETCHED - missing);
  }

  // Whether all pictures near the window are here: what is fetched ahead would have them wait.
  drawn() {
    return [...this.sheet.querySelectorAll("img")].every((picture) => picture.src && picture.complete);
  }

  // The first hit between these that is not here yet.
  missing(top, bottom) {
    for (let at = rowAt(this.rows, top); at < this.rows.length && this.rows[at].top <= bottom; at += 1) {
      const row = this.rows[at];
      for (let index = row.from; !row.whole && index < row.to; index += 1) {
        if (!this.items[index] && !this.lacking.has(index)) return index;
      }
    }
    return undefined;
  }

  async fetch(start, count) {
    this.loading = true;
    const { token } = this;
    try {
      const answer = await fetch(`${this.url}?start=${start}&count=${count}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const { tiles, complete } = await answer.json();
      if (token !== this.token) return;
      this.take(start, count, tiles);
      this.complete = complete;
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

  // Puts hits that have come into their places.
  take(start, count, tiles) {
    tiles.forEach((tile, nth) => { this.items[start + nth] ??= tile; });
    if (this.sorted) {
      // The library has fewer by now.
      for (let at = start + tiles.length; at < start + count; at += 1) this.lacking.add(at);
    } else {
      const before = this.parts;
      this.parts = partsOf(this.items.length, []);
      this.parts.forEach((part, at) => { part.before = before[at]?.rows; });
    }
    for (const part of this.parts) {
      if (part.to > start && part.from < start + count) {
        part.before = part.rows ?? part.before;
        part.rows = null;
      }
    }
    this.keepingFocus(() => this.keepingSight(() => this.lay()));
  }

  // --- selection

  async toggle(index, through) {
    const { id } = this.items[index];
    const on = !this.selected.has(id);
    const [from, to] = through && this.picked !== undefined
      ? [Math.min(index, this.picked), Math.max(index, this.picked)] : [index, index];
    this.picked = index;
    for (let at = from; at <= to; at += 1) {
      if (!this.items[at] && !this.lacking.has(at)) await this.fetch(at, Math.min(1000, to + 1 - at));
      if (this.items[at]) this.selected[on ? "add" : "delete"](this.items[at].id);
    }
    this.select([...this.selected]);
  }

  select(ids) {
    this.selected = new Set(ids);
    this.tellState("selected", ids);
    for (const tile of this.sheet.querySelectorAll(".tile")) {
      const on = this.selected.has(Number(tile.dataset.unit ?? NaN));
      tile.classList.toggle("selected", on);
      tile.querySelector(".pick")?.setAttribute("aria-checked", on);
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
    const row = this.rows[rowOf(this.rows, index)];
    if (!row) return;
    if (!this.shown.has(row)) this.draw(row);
    const open = this.at(index);
    open.focus({ preventScroll: true });
    open.scrollIntoView({ block: "nearest" });
  }

  // The hit that was open has the focus again, in its place, once nothing else takes it: a dialog that
  // still fades out does, and what Streamlit draws anew loses it.
  back(unit) {
    const index = this.items.findIndex((item) => item?.id === unit);
    let wanted = index >= 0; // until people press a key where they are
    const pressed = () => { wanted &&= this.idle(); };
    document.addEventListener("keydown", pressed, true);
    const give = (left) => {
      if (!left || !wanted || !this.sheet.isConnected) {
        document.removeEventListener("keydown", pressed, true);
        return;
      }
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
    if (event.key.startsWith("Arrow") && this.items.length && !this.strip && this.idle()) {
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
      ArrowDown: () => beyond(this.rows, this.items, index, 1),
      ArrowUp: () => beyond(this.rows, this.items, index, -1),
      Home: () => 0,
      End: () => this.items.length - 1,
    }[event.key];
    if (to) {
      event.preventDefault();
      const wanted = to();
      const last = this.rows.at(-1).to - 1;
      if (wanted >= 0) this.focus(Math.min(wanted, last));
    } else if (!this.items[index] || this.strip) {
      return;
    } else if (event.key === "x") {
      this.toggle(index, false);
    } else if (event.key === "s") {
      this.tell("similar", this.items[index].id);
    }
  }
}

export default mounted(Gallery);
