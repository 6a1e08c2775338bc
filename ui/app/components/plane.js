// Pictures on a plane: one thumbnail in each place where there is room, dots for the others, and over them
// what lies where. Hovering
// shows any of them, a click opens it; the wheel comes nearer, dragging moves, arrow keys go from one to the next.

const SIDE = 56;
const DOT = 4;
const LARGEST = 24;

class Plane {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.names = root.querySelector(".names");
    this.tip = root.querySelector(".tip");
    this.picture = this.tip.querySelector("img");
    this.caption = this.tip.querySelector(".caption");
    this.context = this.canvas.getContext("2d");
    this.images = new Map();
    this.points = [];
    this.reset();
    new Gestures(this.canvas, {
      near: (times, event) => this.near(times, event),
      moved: (right, down) => this.move(right, down),
      ended: (event, far) => this.ended(event, far),
    });
    this.canvas.onpointermove = (event) => { if (!event.buttons) this.hover(this.at(event.offsetX, event.offsetY)); };
    this.canvas.onpointerleave = () => this.hover(null);
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.onblur = () => this.hover(null);
    this.canvas.ondblclick = () => { this.reset(); this.later(); };
    this.observer = new ResizeObserver(() => this.later());
    this.observer.observe(this.canvas);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  reset() {
    this.view = { x: 0, y: 0, scale: 1 };
  }

  show(data) {
    const shown = JSON.stringify([data.points.length, data.points[0], data.points.at(-1), data.thumbnails]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.points = data.points.map(([id, x, y, label]) => ({ id, x, y, label }));
    this.thumbnails = data.thumbnails;
    this.names.replaceChildren(...data.regions.map((region) => this.name(...region)));
    this.canvas.setAttribute("aria-label", `${this.points.length} pictures; those that look alike lie near each other`);
    this.later();
  }

  name(concept, pictures, x, y) {
    const made = document.createElement("button");
    made.type = "button";
    const count = document.createElement("small");
    count.textContent = pictures.toLocaleString();
    made.append(concept, " ", count);
    made.onclick = () => this.tell("named", concept);
    made.point = { x, y };
    made.hidden = true;
    return made;
  }

  // Those of most pictures first; what would lie over one of them, or be cut off, waits until people come nearer.
  putNames() {
    const all = this.canvas.getBoundingClientRect();
    const boxes = [];
    for (const name of this.names.children) {
      const [x, y] = this.place(name.point);
      name.hidden = false;
      name.style.left = `${x}px`;
      name.style.top = `${y}px`;
      const box = name.getBoundingClientRect();
      const isInside = box.left >= all.left && box.right <= all.right && box.top >= all.top && box.bottom <= all.bottom;
      const isOver = (other) =>
        box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom;
      name.hidden = !isInside || boxes.some(isOver);
      if (!name.hidden) boxes.push(box);
    }
  }

  place(point) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { x, y, scale } = this.view;
    return [
      width / 2 + (point.x - x) * scale * (width / 2 - SIDE / 2),
      height / 2 + (point.y - y) * scale * (height / 2 - SIDE / 2),
    ];
  }

  image(id) {
    let found = this.images.get(id);
    if (!found) {
      found = new Image();
      found.onload = () => this.later();
      found.src = this.thumbnails + id;
      this.images.set(id, found);
    }
    return found;
  }

  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const density = window.devicePixelRatio || 1;
    this.canvas.width = width * density;
    this.canvas.height = height * density;
    const { context } = this;
    const style = getComputedStyle(this.canvas);
    context.scale(density, density);
    context.fillStyle = style.color;
    const taken = new Set();
    const pictures = [];
    this.seen = [];
    for (const point of this.points) {
      const [x, y] = this.place(point);
      if (x < -SIDE || y < -SIDE || x > width + SIDE || y > height + SIDE) continue;
      const entry = { point, x, y, half: DOT };
      this.seen.push(entry);
      const cell = `${Math.round(x / (SIDE * 1.15))},${Math.round(y / (SIDE * 1.15))}`;
      if (!taken.has(cell)) {
        taken.add(cell);
        pictures.push(entry);
      } else {
        context.globalAlpha = 0.45;
        context.beginPath();
        context.arc(x, y, DOT - 1, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    for (const entry of pictures) {
      entry.half = SIDE / 2;
      const image = this.image(entry.point.id);
      if (!image.complete || !image.naturalWidth) continue;
      const side = Math.min(image.naturalWidth, image.naturalHeight);
      context.save();
      context.beginPath();
      context.roundRect(entry.x - SIDE / 2, entry.y - SIDE / 2, SIDE, SIDE, 8);
      context.clip();
      context.drawImage(
        image, (image.naturalWidth - side) / 2, (image.naturalHeight - side) / 2, side, side,
        entry.x - SIDE / 2, entry.y - SIDE / 2, SIDE, SIDE,
      );
      context.restore();
    }
    this.putNames();
    const over = this.seen.find((entry) => entry.point === this.over);
    if (over) {
      context.strokeStyle = style.getPropertyValue("--st-primary-color");
      context.lineWidth = 3;
      context.beginPath();
      context.roundRect(over.x - over.half, over.y - over.half, 2 * over.half, 2 * over.half, Math.min(8, over.half));
      context.stroke();
    }
  }

  at(x, y) {
    let best = null;
    for (const entry of this.seen ?? []) {
      const distance = Math.max(Math.abs(entry.x - x), Math.abs(entry.y - y));
      // A dot that is pointed at exactly is meant rather than the picture below it.
      const reach = entry.half === DOT ? DOT + 2 : entry.half;
      if (distance <= reach && (!best || entry.half < best.half || (entry.half === best.half && distance < best.distance))) {
        best = { ...entry, distance };
      }
    }
    return best;
  }

  move(right, down) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.view.x -= right / (this.view.scale * (width / 2 - SIDE / 2));
    this.view.y -= down / (this.view.scale * (height / 2 - SIDE / 2));
    this.later();
  }

  ended(event, far) {
    if (event.type !== "pointerup" || !far || Math.hypot(...far) > MEANT_PX) return;
    const entry = this.at(event.offsetX, event.offsetY);
    if (entry) this.tell("open", entry.point.id);
  }

  hover(entry) {
    const point = entry?.point ?? null;
    if (point === this.over) return;
    this.over = point;
    this.later();
    this.tip.hidden = !point;
    if (!point) return;
    this.picture.src = this.thumbnails + point.id;
    this.caption.textContent = point.label ?? "";
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.tip.style.left = `${Math.max(0, Math.min(width - 270, entry.x + 36))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(height - 230, entry.y - 100))}px`;
  }

  // What is under the pointer, or between the fingers, stays there.
  near(times, event) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const before = this.view.scale;
    const scale = Math.max(1, Math.min(LARGEST, before * times));
    const [right, down] = fromMiddle(this.canvas, event);
    const x = right / (width / 2 - SIDE / 2);
    const y = down / (height / 2 - SIDE / 2);
    this.view.x += x / before - x / scale;
    this.view.y += y / before - y / scale;
    this.view.scale = scale;
    if (scale === 1) this.reset();
    this.later();
  }

  key(event) {
    const direction = arrow(event.key);
    if (event.key === "Enter" && this.over) this.tell("open", this.over.id);
    if (!direction || !this.seen?.length) return;
    event.preventDefault();
    const here = this.seen.find((entry) => entry.point === this.over)
      ?? { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
    const next = nextTowards(direction, here, this.seen);
    if (next) this.hover(next);
  }
}

export default mounted(Plane);
