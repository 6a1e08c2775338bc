// Zooming, moving and turning what lies in the middle of a stage: by wheel, mouse, fingers and keys.
// A scale of 1 fits the stage; the place is that of the middle, in pixels of the stage.

const NEAREST = 16;
const STEP = 1.5;
const MOVED_PX = 80;
const SWIPED_PX = 60;
const MOST_ENLARGED = 4;

class Zoom {
  constructor(stage, canvas, { changed, swiped }) {
    Object.assign(this, { stage, canvas, changed, swiped });
    this.width = 4;
    this.height = 3;
    this.reset();
    this.observer = new ResizeObserver(() => this.lay());
    this.observer.observe(stage);
    new Gestures(stage, {
      near: (times, event) => this.near(this.scale * times, event),
      moved: (...by) => this.move(...by),
      ended: (event, far) => this.ended(event, far),
      takes: (event) => !this.held && !(event.pointerType === "mouse" && this.isText(event)),
      holds: () => this.scale > 1,
    });
    stage.addEventListener("dblclick", (event) => {
      if (!this.isText(event)) this.near(this.scale === 1 ? this.twice() : 1, event);
    });
  }

  close() {
    this.observer.disconnect();
  }

  // The size of the picture in its own pixels.
  of(width, height) {
    Object.assign(this, { width, height });
    this.reset();
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0, turned: 0 });
    this.lay();
  }

  // --- what is shown

  // Pixels of the page for each pixel of the picture when all of it is seen.
  fitting() {
    const [width, height] = this.turned % 2 ? [this.height, this.width] : [this.width, this.height];
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(clientWidth / width, clientHeight / height, MOST_ENLARGED) || 1;
  }

  // The scale at which each pixel of the picture is one of the screen.
  exact() {
    return 1 / (this.fitting() * window.devicePixelRatio);
  }

  twice() {
    return Math.max(this.exact(), 2);
  }

  // The pixels of the screen that the picture is wide.
  pixels() {
    return this.width * this.fitting() * this.scale * window.devicePixelRatio;
  }

  lay() {
    const fit = this.fitting();
    this.canvas.style.width = `${this.width * fit}px`;
    this.canvas.style.height = `${this.height * fit}px`;
    this.draw();
  }

  draw() {
    const [width, height] = [this.width, this.height].map((side) => side * this.fitting() * this.scale);
    const [across, down] = this.turned % 2 ? [height, width] : [width, height];
    const within = (at, free) => Math.max(-free, Math.min(at, free));
    this.x = within(this.x, Math.max(0, across - this.stage.clientWidth) / 2);
    this.y = within(this.y, Math.max(0, down - this.stage.clientHeight) / 2);
    this.canvas.style.transform =
      `translate(-50%, -50%) translate(${this.x}px, ${this.y}px) rotate(${90 * this.turned}deg) scale(${this.scale})`;
    this.stage.classList.toggle("near", this.scale > 1);
    this.changed();
  }

  // --- what people do

  // Comes nearer to what is under the pointer, or in the middle.
  near(scale, event = null) {
    const to = Math.max(Math.min(1, this.exact()), Math.min(scale, Math.max(NEAREST, this.exact())));
    const [x, y] = event ? fromMiddle(this.stage, event) : [0, 0];
    this.x = x - ((x - this.x) * to) / this.scale;
    this.y = y - ((y - this.y) * to) / this.scale;
    this.scale = to;
    this.draw();
  }

  step(times) {
    this.near(this.scale * STEP ** times);
  }

  // False where all is in sight, so that there is nowhere to go.
  go(right, down) {
    if (this.scale <= 1) return false;
    this.x -= right * MOVED_PX;
    this.y -= down * MOVED_PX;
    this.draw();
    return true;
  }

  turn() {
    this.turned = (this.turned + 1) % 4;
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.lay();
  }

  // The place in the upright picture, 0 to 1 of its width and height.
  inPicture(event) {
    let [x, y] = fromMiddle(this.stage, event);
    [x, y] = [(x - this.x) / this.scale, (y - this.y) / this.scale];
    for (let turn = 0; turn < this.turned; turn += 1) [x, y] = [y, -x];
    const fit = this.fitting();
    const within = (at) => Math.max(0, Math.min(at, 1));
    return [within(x / (this.width * fit) + 0.5), within(y / (this.height * fit) + 0.5)];
  }

  isText(event) {
    return event.target instanceof SVGTextElement;
  }

  move(right, down, pinched) {
    if (this.scale <= 1 && !pinched) return;
    this.x += right;
    this.y += down;
    this.draw();
  }

  ended(event, far) {
    const [x, y] = far ?? [0, 0];
    const swiped = event.type === "pointerup" && event.pointerType === "touch" && this.scale <= 1;
    if (swiped && Math.abs(x) > SWIPED_PX && Math.abs(x) > 2 * Math.abs(y)) this.swiped(x < 0 ? 1 : -1);
  }
}
