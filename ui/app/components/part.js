// A box that people draw on a picture: with the pointer, or with the keys. In parts of the upright picture.
// Where it is told of as it moves it stays until it is taken away, else until it is asked with.

const SMALLEST = 0.03;
const NUDGE = 0.02;

class Part {
  constructor(stage, canvas, zoom, { asked, stopped, moved }) {
    Object.assign(this, { stage, zoom, asked, stopped, moved });
    this.frame = document.createElement("div");
    this.frame.className = "box";
    this.frame.hidden = true;
    canvas.append(this.frame);
    stage.addEventListener("pointerdown", (event) => this.down(event), true);
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", () => this.up());
    stage.addEventListener("pointercancel", () => { this.from = null; });
  }

  get on() {
    return !this.frame.hidden;
  }

  start(box = [0.25, 0.25, 0.5, 0.5]) {
    this.zoom.held = true;
    this.frame.hidden = false;
    this.stage.classList.add("boxing");
    this.put(...box);
    this.stage.focus({ preventScroll: true });
  }

  stop() {
    this.zoom.held = false;
    this.frame.hidden = true;
    this.from = null;
    this.stage.classList.remove("boxing");
    this.stopped();
  }

  put(x, y, width, height) {
    const wide = Math.max(SMALLEST, Math.min(width, 1));
    const high = Math.max(SMALLEST, Math.min(height, 1));
    this.box = [Math.max(0, Math.min(x, 1 - wide)), Math.max(0, Math.min(y, 1 - high)), wide, high];
    ["left", "top", "width", "height"].forEach((side, at) => { this.frame.style[side] = `${100 * this.box[at]}%`; });
    this.moved?.(this.box);
  }

  ask() {
    this.asked(this.box);
    if (!this.moved) this.stop();
  }

  down(event) {
    if (!this.on || event.button !== 0) return;
    event.preventDefault();
    this.from = this.zoom.inPicture(event);
    this.drawn = false;
    this.stage.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.from) return;
    const [x, y] = this.zoom.inPicture(event);
    const [fromX, fromY] = this.from;
    this.drawn ||= Math.abs(x - fromX) > SMALLEST && Math.abs(y - fromY) > SMALLEST;
    if (this.drawn) this.put(Math.min(x, fromX), Math.min(y, fromY), Math.abs(x - fromX), Math.abs(y - fromY));
  }

  up() {
    if (this.from && this.drawn) this.ask();
    this.from = null;
  }

  // False where the key does nothing here.
  key(event) {
    const direction = arrow(event.key);
    if (event.key === "Escape") this.stop();
    else if (event.key === "Enter") this.ask();
    else if (direction) {
      const [right, down] = direction.map((step) => step * NUDGE);
      const [x, y, width, height] = this.box;
      if (event.shiftKey) this.put(x, y, width + right, height + down);
      else this.put(x + right, y + down, width, height);
    } else return false;
    return true;
  }
}
