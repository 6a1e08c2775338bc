// A picture with marks on what was found in it, and its text over it, to be selected.

class Picture {
  constructor(root) {
    this.figure = root.querySelector(".picture");
    this.canvas = root.querySelector(".canvas");
    this.image = root.querySelector("img");
    this.overlay = root.querySelector(".overlay");
    this.toggle = root.querySelector(".toggle");
    this.copy = root.querySelector(".copy");
    this.larger = root.querySelector(".larger");
    this.image.onload = () => this.draw();
    this.toggle.onclick = () => {
      this.marked = !this.marked;
      this.draw();
    };
    this.larger.onclick = () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.figure.requestFullscreen().catch(() => {});
    };
  }

  show(data) {
    const shown = JSON.stringify(data);
    if (this.shown === shown) return;
    this.shown = shown;
    this.data = data;
    this.marked = true;
    this.canvas.style.maxWidth = `${data.width}px`;
    this.image.alt = data.name;
    this.overlay.replaceChildren();
    this.image.src = data.src;
    offerCopy(this.copy, data.copied);
    this.draw();
  }

  draw() {
    const { marks, lines } = this.data;
    this.toggle.hidden = !marks.length;
    this.toggle.setAttribute("aria-pressed", this.marked);
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (this.image.complete && width) drawMarks(this.overlay, width, height, this.marked ? marks : [], lines);
  }
}

const pictures = new WeakMap();

export default function ({ data, parentElement }) {
  let picture = pictures.get(parentElement);
  if (!picture) {
    picture = new Picture(parentElement);
    pictures.set(parentElement, picture);
  }
  picture.show(data);
  return () => pictures.delete(parentElement);
}
