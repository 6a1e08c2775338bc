// A map of all places without a network: groups of pictures, which fall apart when people come nearer. Wheel, pinch
// and double click come nearer, dragging moves; arrows, + and - do the same, and go from one group to the next.

const SIDE = 52;
const MOVED_PX = 80;
const STEP = 2;
const AROUND = 1.3;
const MOST_HIGH = 0.62; // of the height of the world, without the polar seas, that a window shows at most
const FIRST_LEVEL = 8; // no nearer at first, so that people see in which country they are
const NAMED_LEVEL = 8; // from which it is said in words where people look
const SCALE_PX = 110;
const COUNTED_MS = 150;

class PlaceMap {
  constructor(root) {
    const at = (name) => root.querySelector(`.${name}`);
    this.stage = at("stage");
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.list = at("groups");
    this.told = at("told");
    this.these = at("these");
    this.shownGroups = new Map();
    this.view = { x: 0.5, y: 0.5, world: 0 };
    new Gestures(this.stage, {
      near: (times, event) => this.near(times, fromMiddle(this.stage, event)),
      moved: (right, down) => this.move(-right, -down),
    });
    this.stage.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button")) this.near(STEP, fromMiddle(this.stage, event));
    });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    at("nearer").onclick = () => this.near(STEP);
    at("further").onclick = () => this.near(1 / STEP);
    at("all").onclick = () => this.showAll();
    this.these.onclick = () => this.tell("sight", this.sight());
    this.observer = new ResizeObserver(() => this.later());
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.counting);
  }

  async show({ places, world, thumbnails, at, times }) {
    this.thumbnails = thumbnails;
    const isFirst = !this.asked;
    if (places !== this.asked) {
      this.asked = places;
      try {
        const [found, ground] = await Promise.all([places, world].map(async (address) => {
          const answer = await fetch(address);
          if (!answer.ok) throw new Error(answer.statusText);
          return answer.json();
        }));
        this.clusters = new Clusters(found);
        this.ground ??= new Ground(ground);
      } catch {
        this.asked = undefined;
        this.told.textContent = "The map could not be loaded. Reload the page.";
        return;
      }
      this.clear();
    }
    // Of the address, which follows the map then.
    if (at && (isFirst || times !== this.times)) {
      const [latitude, longitude, level = FIRST_LEVEL] = at;
      this.go({ x: toX(longitude), y: toY(latitude), world: widthAt(level) });
      this.stage.scrollIntoView({ block: "center" });
    } else if (isFirst) this.showAll();
    this.times = times;
    this.later();
  }

  clear() {
    this.list.replaceChildren();
    this.shownGroups.clear();
  }

  // --- what is in sight

  get size() {
    return [this.stage.clientWidth || 1, this.stage.clientHeight || 1];
  }

  get level() {
    return Math.log2(this.view.world / TILE);
  }

  get isWhole() {
    return this.wholeView && ["x", "y", "world"].every((side) => this.view[side] === this.wholeView[side]);
  }

  // No further away than where all land is seen, and no nearer than what is known.
  within(world) {
    const [width, height] = this.size;
    return Math.max(Math.min(width, height / MOST_HIGH), Math.min(world, widthAt(NEAREST_LEVEL)));
  }

  // Never off the world to the north or south.
  go({ x, y, world }) {
    const height = this.size[1];
    const within = this.within(world);
    const free = Math.max(0, 0.5 - height / 2 / within);
    this.view = { x: x - Math.floor(x), y: Math.max(0.5 - free, Math.min(y, 0.5 + free)), world: within };
    // While all is seen a finger scrolls the page, then it moves the map.
    this.stage.style.touchAction = this.isWhole ? "pan-y" : "none";
    this.later();
  }

  // A rectangle of the world, with room around it; where it is too high, what is around its middle.
  fit({ west, east, top, bottom, middle }, nearest) {
    const [width, height] = this.size;
    const room = 2 * SIDE;
    const world = Math.min(
      Math.max(1, width - room) / Math.max(east - west, 1e-9),
      Math.max(1, height - room) / Math.max(bottom - top, 1e-9),
      nearest,
    );
    const within = this.within(world);
    this.go({
      x: within <= width ? 0.5 : (west + east) / 2, // all of the world, as people know it
      y: within * (bottom - top) <= height ? (top + bottom) / 2 : middle,
      world,
    });
  }

  showAll() {
    if (!this.clusters?.total) return;
    this.fit(this.clusters.bounds(), widthAt(FIRST_LEVEL));
    this.wholeView = { ...this.view };
    this.stage.style.touchAction = "pan-y";
  }

  // Comes nearer to a place, in pixels from the middle, which stays where it is.
  near(times, [right, down] = [0, 0]) {
    const { x, y, world } = this.view;
    const after = this.within(world * times);
    this.go({ x: x + right / world - right / after, y: y + down / world - down / after, world: after });
  }

  move(right, down) {
    const { x, y, world } = this.view;
    this.go({ x: x + right / world, y: y + down / world, world });
  }

  // What people see: that it is all, or the edges in degrees.
  sight() {
    const [width, height] = this.size;
    const { x, y, world } = this.view;
    const [wide, high] = [width / 2 / world, height / 2 / world];
    if (this.clusters.count(this.view, wide, high) === this.clusters.total) return { all: true };
    const edge = (at) => (at <= 0 ? 90 : at >= 1 ? -90 : toLatitude(at));
    const sides = wide >= 0.5 ? [-180, 180] : [toLongitude(x - wide), toLongitude(x + wide)];
    return { south: edge(y + high), west: sides[0], north: edge(y - high), east: sides[1] };
  }

  // --- drawing

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { context } = this;
    const [width, height] = this.size;
    const density = window.devicePixelRatio || 1;
    this.canvas.width = width * density;
    this.canvas.height = height * density;
    if (!this.clusters) return;
    if (this.view.world < this.within(0)) {
      this.go(this.view);
      return;
    }
    const style = getComputedStyle(this.stage);
    const level = this.level;
    const [land, sea] = ["--land", "--sea"].map((name) => style.getPropertyValue(name));
    this.ground.drawLand(context, this.view, width, height, { density, level, land, sea });
    const taken = this.groups(width, height, Math.round(level));
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = style.color;
    context.strokeStyle = sea;
    context.font = `12px ${style.fontFamily}`;
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.lineJoin = "round";
    this.scale(width, height, taken);
    this.ground.drawTowns(context, this.view, width, height, level, taken);
    clearTimeout(this.counting);
    this.counting = setTimeout(() => {
      this.count(width, height);
      this.remember();
    }, COUNTED_MS);
  }

  // Puts the groups in sight where they are; returns the boxes that they take.
  groups(width, height, level) {
    const { x, y, world } = this.view;
    const seen = new Map();
    for (const group of this.clusters.at(level)) {
      const right = width / 2 + shorter(group.x - x) * world;
      const down = height / 2 + (group.y - y) * world;
      if (right < -SIDE || down < -SIDE || right > width + SIDE || down > height + SIDE) continue;
      // At the edges of the world all of a picture is seen.
      seen.set(group.key, { group, x: right, y: Math.max(SIDE / 2, Math.min(down, height - SIDE / 2)) });
    }
    for (const [key, button] of this.shownGroups) {
      if (seen.has(key)) continue;
      if (button.matches(":focus")) this.stage.focus({ preventScroll: true });
      button.remove();
      this.shownGroups.delete(key);
    }
    const added = [];
    for (const [key, place] of seen) {
      let button = this.shownGroups.get(key);
      if (!button) {
        button = this.button(place.group);
        added.push(button);
        this.shownGroups.set(key, button);
      }
      button.place = place;
      button.style.transform = `translate(${place.x - SIDE / 2}px, ${place.y - SIDE / 2}px)`;
    }
    this.list.append(...added);
    this.leave();
    return [...seen.values()].map((at) => [at.x - SIDE / 2, at.y - SIDE / 2, at.x + SIDE / 2 + 8, at.y + SIDE / 2]);
  }

  // One of them is where Tab goes to, from there arrows lead to the others.
  leave() {
    const buttons = [...this.shownGroups.values()];
    if (buttons.length && !buttons.some((button) => button.tabIndex === 0)) buttons[0].tabIndex = 0;
  }

  button(group) {
    const made = element("button", "group");
    made.type = "button";
    made.tabIndex = -1;
    const where = this.ground.where(group);
    const label = group.count === 1 ? `Taken ${where}` : `${group.count.toLocaleString()} taken ${where}`;
    made.setAttribute("aria-label", label);
    made.title = label;
    made.style.zIndex = Math.ceil(4 * Math.log(group.count + 1));
    const image = element("img", "");
    image.alt = "";
    image.draggable = false;
    image.src = this.thumbnails + group.spot.unit;
    made.append(image);
    if (group.count > 1) made.append(element("span", "count", group.count.toLocaleString()));
    made.onclick = () => this.choose(group);
    made.onfocus = () => {
      for (const other of this.shownGroups.values()) other.tabIndex = other === made ? 0 : -1;
    };
    return made;
  }

  scale(width, height, taken) {
    if (this.level < 4) return;
    const { context, view } = this;
    const pixels = view.world / kmAround(toLatitude(view.y));
    const most = SCALE_PX / pixels;
    const tens = 10 ** Math.floor(Math.log10(most));
    const km = [5, 2, 1].map((times) => times * tens).find((one) => one <= most);
    const label = km >= 1 ? `${km} km` : `${Math.round(1000 * km)} m`;
    const [left, bottom] = [12, height - 14];
    context.save();
    for (const colour of [context.strokeStyle, context.fillStyle]) {
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(left, bottom - 5);
      context.lineTo(left, bottom);
      context.lineTo(left + km * pixels, bottom);
      context.lineTo(left + km * pixels, bottom - 5);
      context.stroke();
      context.lineWidth = 1.5;
    }
    context.restore();
    context.strokeText(label, left + 6, bottom - 10);
    context.fillText(label, left + 6, bottom - 10);
    taken.push([left - 4, bottom - 24, left + km * pixels + 8, height]);
  }

  count(width, height) {
    const { world } = this.view;
    const seen = this.clusters.count(this.view, width / 2 / world, height / 2 / world);
    const [some, all] = [seen, this.clusters.total].map((number) => number.toLocaleString());
    const where = this.level < NAMED_LEVEL ? "" : `, ${this.ground.where({ spot: this.view })}`;
    this.told.textContent = (seen === this.clusters.total ? `All ${all} in sight` : `${some} of ${all} in sight`) + where;
    this.these.disabled = !seen;
  }

  // Where people look is in the address, so that a bookmark and the way back lead there.
  remember() {
    const url = new URL(location.href);
    const { x, y } = this.view;
    const place = [toLatitude(y).toFixed(5), toLongitude(x).toFixed(5), this.level.toFixed(2)].join();
    if (this.isWhole) url.searchParams.delete("place");
    else url.searchParams.set("place", place);
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  // --- what people do

  choose(group) {
    if (group.count === 1) this.tell("open", group.spot.unit);
    else if (splits(group)) {
      const before = this.view.world;
      this.fit({ ...group, middle: group.y }, widthAt(NEAREST_LEVEL));
      // What lies at its edges may be one group still.
      if (this.view.world < STEP * before) this.go({ ...this.view, world: STEP * before });
    } else {
      const latitude = toLatitude(group.y);
      const across = Math.hypot(group.east - group.west, group.bottom - group.top) * kmAround(latitude);
      this.tell("spot", { latitude, longitude: toLongitude(group.x), km: AROUND * (across + 0.08) });
    }
  }

  key(event) {
    const direction = arrow(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction) this.turn(direction, event.target);
    else if (event.key === "+" || event.key === "=") this.near(STEP);
    else if (event.key === "-") this.near(1 / STEP);
    else if (event.key === "0") this.showAll();
    else return;
    event.preventDefault();
  }

  turn(direction, from) {
    const places = [...this.shownGroups.values()].map((button) => ({ ...button.place, button }));
    const next = from.place && nextTowards(direction, from.place, places);
    if (next) next.button.focus({ preventScroll: true });
    else this.move(...direction.map((way) => way * MOVED_PX));
  }
}

export default mounted(PlaceMap);
