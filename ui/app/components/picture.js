// A picture that fills its place, with marks on what was found in it and its text over it, to be selected; to be
// looked at from near, turned, and left for the next one.

const EACH_MS = 5000;
const SAID_MS = 2500;

class Picture {
  constructor(root) {
    const at = (name) => root.querySelector(`.${name}`);
    this.figure = at("picture");
    this.stage = at("stage");
    this.canvas = at("canvas");
    this.image = root.querySelector("img");
    this.overlay = at("overlay");
    this.told = root.querySelector(".told span");
    this.buttons = Object.fromEntries(
      ["toggle", "copy", "give", "part", "slides", "larger"].map((name) => [name, at(name)]),
    );
    this.zoom = new Zoom(this.stage, this.canvas, {
      changed: () => this.sharpen(),
      swiped: (step) => this.turn(step > 0 ? "next" : "previous"),
    });
    this.part = new Part(this.stage, this.canvas, this.zoom, {
      asked: (box) => this.tell("part", box),
      stopped: () => this.say(""),
    });
    this.keys = new Keys(root, this.rows());
    this.actions(at);
    this.image.addEventListener("load", () => grown(this.stage));
    this.stage.focus({ preventScroll: true });
  }

  close() {
    this.slide(false);
    this.zoom.close();
    this.keys.close();
  }

  rows() {
    const go = (right, down) => (event) => (this.part.on ? this.part.key(event) : this.zoom.go(right, down));
    const asking = (event) => this.part.on && !event.composedPath()[0].matches("button") && this.part.key(event);
    return [
      [["ArrowLeft"], "the one before; moves the picture where it is enlarged", go(-1, 0)],
      [["ArrowRight"], "the next one; moves the picture where it is enlarged", go(1, 0)],
      [["ArrowUp", "ArrowDown"], "", (event) => go(0, event.key === "ArrowDown" ? 1 : -1)(event)],
      [["+"], "nearer", () => this.zoom.step(1)],
      [["="], "", () => this.zoom.step(1)],
      [["-"], "further away", () => this.zoom.step(-1)],
      [["0"], "all of it", () => this.zoom.near(1)],
      [["1"], "each pixel as one of the screen", () => this.zoom.near(this.zoom.exact())],
      [["r"], "turn it by a quarter, while it is open", () => this.zoom.turn()],
      [["f"], "full screen", () => this.enlarge()],
      [[" "], "slideshow: start or stop", () => this.slide(!this.sliding)],
      [["Enter"], "", asking],
      [["Escape"], "close", asking],
    ];
  }

  actions(at) {
    const { toggle, give, part, slides, larger } = this.buttons;
    toggle.onclick = () => {
      this.marked = !this.marked;
      this.draw();
    };
    give.hidden = !(navigator.clipboard?.write && window.ClipboardItem);
    give.onclick = () => this.copyPicture();
    part.onclick = () => (this.part.on ? this.part.stop() : this.box());
    slides.onclick = () => this.slide(!this.sliding);
    larger.onclick = () => this.enlarge();
    at("nearer").onclick = () => this.zoom.step(1);
    at("further").onclick = () => this.zoom.step(-1);
    at("turned").onclick = () => this.zoom.turn();
    at("help").onclick = () => this.keys.toggle();
    // Whoever looks closer does not want the next one.
    for (const name of ["pointerdown", "wheel"]) {
      this.stage.addEventListener(name, () => this.slide(false), { capture: true, passive: true });
    }
    this.onKey = (event) => { if (![" ", "f", "F"].includes(event.key)) this.slide(false); };
    this.figure.addEventListener("keydown", this.onKey, true);
    this.image.addEventListener("dragstart", (event) => {
      const { file, type, name } = this.data;
      const address = new URL(file, window.location.href);
      event.dataTransfer.setData("DownloadURL", `${type}:${name.replaceAll(":", "_")}:${address}`);
    });
  }

  show(data) {
    const shown = JSON.stringify(data);
    if (this.shown === shown) return;
    const isOther = this.data?.src !== data.src;
    this.shown = shown;
    this.data = data;
    this.marked = true;
    offerText(this.buttons.copy, data.copied);
    this.image.alt = data.name;
    this.buttons.slides.hidden = !data.slides;
    if (!data.slides) this.slide(false);
    if (isOther) this.load(data);
    this.draw();
  }

  // The thumbnail, which the browser has, gives way to the large picture, and that to the file itself when
  // people look so near that it has more to show.
  async load({ src, thumbnail, width, height }) {
    this.part.stop();
    this.full = false;
    if (width && height) this.zoom.of(width, height);
    this.image.src = thumbnail;
    if (await this.take(src)) {
      this.next();
      // Neither has to be waited for when people turn to it.
      this.near = this.data.near.map((address) => Object.assign(new Image(), { src: address }));
    }
  }

  // Shows a picture once the browser has all of it; false if it is not wanted any more, or cannot be had.
  async take(address) {
    this.wanted = address;
    const made = new Image();
    made.src = address;
    try {
      await made.decode();
    } catch {
      if (this.wanted === this.data.src && address === this.data.src) this.explain(address);
      return false;
    }
    if (this.wanted !== address) return false;
    this.image.src = address;
    if (!this.data.width || !this.data.height) this.zoom.of(made.naturalWidth, made.naturalHeight);
    this.draw();
    return true;
  }

  async explain(address) {
    const answer = await fetch(address).catch(() => null);
    this.say(answer && !answer.ok ? await answer.text() : "The picture cannot be shown.", true);
  }

  sharpen() {
    if (!this.data) return;
    this.image.draggable = this.zoom.scale <= 1;
    const { naturalWidth } = this.image;
    if (this.full || this.wanted !== this.data.src || !this.image.src.endsWith(this.data.src)) return;
    if (this.zoom.pixels() > 1.1 * naturalWidth && this.data.width > naturalWidth) {
      this.full = true;
      this.take(this.data.full);
    }
  }

  draw() {
    const { marks, lines } = this.data;
    const { toggle } = this.buttons;
    toggle.hidden = !marks.length;
    toggle.setAttribute("aria-pressed", this.marked);
    const { width, height } = this.zoom;
    drawMarks(this.overlay, width, height, this.marked ? marks : [], lines);
  }

  say(text, stays = false) {
    this.told.textContent = text;
    clearTimeout(this.saying);
    if (text && !stays) this.saying = setTimeout(() => { this.told.textContent = ""; }, SAID_MS);
  }

  // --- what people do

  turn(to) {
    this.tell("turned", to);
  }

  enlarge() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.figure.requestFullscreen().catch(() => {});
  }

  box() {
    this.part.start();
    this.say("Draw a box around it, or move the box with the arrows and press Enter.", true);
  }

  slide(on) {
    this.sliding = on && this.data.slides;
    this.buttons.slides.setAttribute("aria-pressed", Boolean(this.sliding));
    clearTimeout(this.timer);
    if (this.sliding) this.next();
  }

  next() {
    clearTimeout(this.timer);
    if (this.sliding) this.timer = setTimeout(() => this.turn("next picture"), EACH_MS);
  }

  // As it is seen: turned as people have turned it.
  async copyPicture() {
    const { image, zoom: { turned } } = this;
    const made = document.createElement("canvas");
    const size = [image.naturalWidth, image.naturalHeight];
    [made.width, made.height] = turned % 2 ? size.reverse() : size;
    const brush = made.getContext("2d");
    brush.translate(made.width / 2, made.height / 2);
    brush.rotate((turned * Math.PI) / 2);
    brush.drawImage(image, -image.naturalWidth / 2, -image.naturalHeight / 2);
    try {
      const png = new Promise((done) => { made.toBlob(done, "image/png"); });
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
      this.say("The picture is copied.");
    } catch {
      this.say("The browser does not allow that here.");
    }
  }
}

export default mounted(Picture);
