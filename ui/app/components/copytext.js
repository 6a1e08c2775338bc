// Text that can be read, selected, and copied with one click.

class CopyText {
  constructor(root) {
    this.text = root.querySelector("pre");
    this.button = root.querySelector("button");
  }

  close() {}

  show({ text, name, most_px: most }) {
    this.text.textContent = text;
    this.text.style.maxHeight = most ? `${most}px` : "";
    this.text.tabIndex = most ? 0 : -1; // what is scrolled is so from the keyboard, too
    this.text.setAttribute("aria-label", name);
    this.button.title = `Copy ${name}`;
    offerCopy(this.button, "Copy", () => text);
  }
}

export default mounted(CopyText);
