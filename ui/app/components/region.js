// A picture of which people choose a part with a box; the box stays until they take it away.

const SETTLED_MS = 250;

class Region {
  constructor(root) {
    const at = (name) => root.querySelector(`.${name}`);
    this.stage = at("stage");
    this.canvas = at("canvas");
    this.image = root.querySelector("img");
    this.button = at("toggle");
    const inPicture = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const within = (place) => Math.max(0, Math.min(place, 1));
      return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
    };
    this.part = new Part(this.stage, this.canvas, { inPicture }, {
      asked: () => {},
      stopped: () => this.told(null),
      moved: (box) => this.told(box),
    });
    this.button.onclick = () => (this.part.on ? this.part.stop() : this.part.start());
    this.stage.addEventListener("keydown", (event) => {
      if (this.part.on && this.part.key(event)) event.preventDefault();
    });
  }

  close() {
    clearTimeout(this.telling);
  }

  show(data) {
    this.image.alt = data.name;
    this.button.textContent = data.label;
    this.button.title = data.help;
    if (this.image.getAttribute("src") === data.src) return;
    this.image.src = data.src;
    if (data.region) this.part.start(data.region);
    else if (this.part.on) this.part.stop();
  }

  // Of a box that is being moved, only where it comes to rest.
  told(box) {
    this.button.setAttribute("aria-pressed", this.part.on);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tellState("region", box), SETTLED_MS);
  }
}

export default mounted(Region);
