// Years and months beside a grid that is sorted by date: click, drag or press keys to go to a month.

const APART_PX = 20; // between the years that are written
const BELOW_PX = 76; // Streamlit's bar
const LEAST_PX = 120;
const SHOWN_MS = 1200;

class Scrubber {
  constructor(place, jump) {
    this.place = place;
    this.jump = jump;
    this.months = [];
    this.current = 0;
    this.bar = element("div", "scrubber");
    Object.assign(this.bar, { tabIndex: 0, role: "slider" });
    this.bar.setAttribute("aria-label", "Month");
    this.bar.setAttribute("aria-orientation", "vertical");
    this.bar.setAttribute("aria-valuemin", "0");
    this.years = element("div", "years");
    this.years.setAttribute("aria-hidden", "true");
    this.now = element("span", "now");
    this.pointed = element("span", "pointed");
    this.bar.append(this.years, this.pointed, this.now);
    this.bar.addEventListener("pointerdown", (event) => this.down(event));
    this.bar.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.bar.addEventListener(end, () => this.hold(false));
    this.bar.addEventListener("pointerleave", () => this.point(null));
    this.bar.addEventListener("keydown", (event) => this.key(event));
    place.replaceChildren(this.bar);
    this.hold(false);
  }

  // `months`: [{from, name, day}], where `day` is any day of it, null for hits without one.
  show(months) {
    this.months = months.length > 1 ? months : [];
    this.place.hidden = !this.months.length;
    this.bar.setAttribute("aria-valuemax", Math.max(0, this.months.length - 1));
    this.current = -1;
  }

  // `tops`: where each month begins, as a part of the whole, 0 to 1.
  lay(tops) {
    this.tops = tops;
    this.fit(true);
    this.tell();
  }

  // Fills the height of the window that is left, and writes as many years as there is room for.
  fit(always = false) {
    const from = Math.max(BELOW_PX, this.place.getBoundingClientRect().top);
    const height = Math.round(Math.max(LEAST_PX, Math.min(this.place.clientHeight, window.innerHeight - from - BELOW_PX / 2)));
    if (!always && height === this.height) return;
    this.height = height;
    this.bar.style.height = `${height}px`;
    this.years.replaceChildren();
    let below = -APART_PX;
    this.months.forEach(({ day }, at) => {
      const year = day?.slice(0, 4);
      const y = this.tops[at] * height;
      const first = at === 0 || this.months[at - 1].day?.slice(0, 4) !== year;
      if (year && first && y >= below + APART_PX && y < height - APART_PX / 2) {
        const made = element("span", "year", year);
        made.style.top = `${100 * this.tops[at]}%`;
        this.years.append(made);
        below = y;
      }
    });
  }

  // Says which month is in sight; `at`: where that is in the whole.
  see(index, at) {
    let month = this.months.length - 1;
    while (month > 0 && this.months[month].from > index) month -= 1;
    this.seen = at;
    this.fit();
    const changed = month !== this.current;
    this.current = month;
    this.tell();
    if (changed) this.wake();
  }

  tell() {
    const month = this.months[this.current];
    if (!month) return;
    this.now.textContent = month.day ? shortMonth(month.day) : "No date";
    this.now.style.top = `${100 * this.seen}%`;
    this.bar.setAttribute("aria-valuenow", this.current);
    this.bar.setAttribute("aria-valuetext", month.name);
  }

  // On a phone the month is said only while it changes.
  wake() {
    this.bar.classList.add("awake");
    clearTimeout(this.sleeps);
    this.sleeps = setTimeout(() => this.bar.classList.remove("awake"), SHOWN_MS);
  }

  hold(on) {
    this.held = on;
    this.bar.classList.toggle("held", on);
  }

  monthAt(event) {
    const box = this.bar.getBoundingClientRect();
    const at = (event.clientY - box.top) / box.height;
    let month = this.tops.length - 1;
    while (month > 0 && this.tops[month] > at) month -= 1;
    return month;
  }

  down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.bar.focus({ preventScroll: true });
    this.bar.setPointerCapture(event.pointerId);
    this.hold(true);
    this.go(this.monthAt(event));
  }

  move(event) {
    const month = this.monthAt(event);
    this.point(this.held ? null : month);
    if (this.held && month !== this.current) this.go(month);
  }

  point(month) {
    this.pointed.hidden = month === null;
    if (month === null) return;
    this.pointed.textContent = this.months[month].day ? shortMonth(this.months[month].day) : "No date";
    this.pointed.style.top = `${100 * this.tops[month]}%`;
  }

  go(month) {
    if (!this.months[month]) return;
    this.jump(this.months[month].from);
    this.wake();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = {
      ArrowDown: () => this.current + 1,
      ArrowRight: () => this.current + 1,
      ArrowUp: () => this.current - 1,
      ArrowLeft: () => this.current - 1,
      PageDown: () => this.year(1),
      PageUp: () => this.year(-1),
      Home: () => 0,
      End: () => this.months.length - 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(to());
  }

  // The first month listed of the year after or before.
  year(step) {
    const of = (month) => this.months[month]?.day?.slice(0, 4);
    let month = this.current;
    while (this.months[month + step] && of(month) === of(this.current)) month += step;
    while (this.months[month - 1] && of(month - 1) === of(month)) month -= 1;
    return month;
  }
}
