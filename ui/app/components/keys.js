// The keys of an opened hit. One table says what each does: to the keyboard, and to people who press "?".

const NAMES = { ArrowLeft: "←", ArrowRight: "→", " ": "Space", Escape: "Esc", "Ctrl+f": "Ctrl F" };
const WRITTEN_IN = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PRESSED = "button, a, input, summary, video, audio, [role=slider]";

class Keys {
  // Each row is [keys, what they do, act]: where act returns false, the key is left to whoever else wants it.
  constructor(root, rows) {
    this.sheet = root.querySelector(".keys");
    this.rows = [...rows, [["?"], "show or hide this", () => this.toggle()]];
    this.onKey = (event) => this.press(event);
    // Before Streamlit's own shortcuts.
    window.addEventListener("keydown", this.onKey, true);
    const list = document.createElement("dl");
    for (const [keys, says] of this.rows.filter((row) => row[1])) {
      const term = document.createElement("dt");
      for (const key of keys) {
        const cap = document.createElement("kbd");
        cap.textContent = NAMES[key] ?? key.toUpperCase();
        term.append(cap, " ");
      }
      const told = document.createElement("dd");
      told.textContent = says;
      list.append(term, told);
    }
    this.sheet.replaceChildren(list);
    this.sheet.tabIndex = 0; // in a low window it has to be scrolled
  }

  close() {
    window.removeEventListener("keydown", this.onKey, true);
  }

  toggle(on = this.sheet.hidden) {
    this.sheet.hidden = !on;
  }

  press(event) {
    if (event.altKey) return;
    const at = event.composedPath()[0];
    if (at.matches?.(WRITTEN_IN) || (event.key === " " && at.matches?.(PRESSED))) return;
    if (event.key === "Escape" && !this.sheet.hidden) {
      this.toggle(false);
    } else {
      const held = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
      const key = held + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
      const act = this.rows.find(([keys]) => keys.includes(key))?.[2];
      if (!act || act(event) === false) return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
