// How large the pictures of the grid are: three buttons, whose choice the browser keeps.

const SIZES = { small: [120, 84], medium: [190, 120], large: [320, 220] }; // height of a row, and on a phone
const KEPT = "trove-size";
const PHONE_PX = 480;

class Sizes {
  constructor(place, changed) {
    this.buttons = Object.keys(SIZES).map((name) => {
      const made = button(`size ${name}`, "", `${name[0].toUpperCase()}${name.slice(1)} pictures`, () => {
        this.choose(name);
        changed();
      });
      made.tabIndex = 0;
      made.append(element("span", "square"));
      return made;
    });
    place.replaceChildren(...this.buttons);
    let kept = null;
    try {
      kept = localStorage.getItem(KEPT);
    } catch { /* a browser that keeps nothing */ }
    this.mark(kept in SIZES ? kept : "medium");
  }

  choose(name) {
    this.mark(name);
    try {
      localStorage.setItem(KEPT, name);
    } catch { /* for this page only */ }
  }

  mark(name) {
    this.name = name;
    Object.keys(SIZES).forEach((other, at) => this.buttons[at].setAttribute("aria-pressed", other === name));
  }

  // A strip is as high as a row in the middle.
  height(width, strip) {
    return SIZES[strip ? "medium" : this.name][width < PHONE_PX ? 1 : 0];
  }
}
