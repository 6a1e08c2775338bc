// The query box: tells Python what is typed, and takes a picture or sound that is chosen, pasted or dropped.
// What people typed or named is only ever set as text, never as HTML.

const TYPING_MS = 300;
const SHORTEST = 2;

const chip = (shown, tell) => {
  const made = element("button", "chip");
  made.type = "button";
  made.setAttribute("aria-label", `Search without ${shown.text}`);
  made.title = "Search without it";
  if (shown.src) {
    const picture = element("img", "");
    picture.alt = "";
    picture.src = shown.src;
    made.append(picture);
  }
  made.append(element("span", "what", shown.text), element("span", "cross", "×"));
  made.onclick = () => tell("removed", shown.id);
  return made;
};

const isFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const isTaken = (file) => /^(image|audio)\//.test(file.type) || /\.(hei[cf]|dng|cr[23]|nef|arw|raf|orf|rw2)$/i.test(file.name);
const takenIn = (list) => [...(list ?? [])].find(isTaken);

class AskBox {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input[type=search]");
    this.file = root.querySelector("input[type=file]");
    this.note = root.querySelector(".note");
    this.over = root.querySelector(".over");
    this.chips = root.querySelector(".chips");
    this.sequence = 0;
    this.sent = null;
    this.input.oninput = () => this.typed();
    this.input.onchange = () => this.ask(true);
    this.input.onkeydown = (event) => this.key(event);
    root.querySelector(".picture").onclick = () => this.file.click();
    this.file.onchange = () => {
      this.take(this.file.files[0]);
      this.file.value = "";
    };
    this.listeners = [
      [document, "keydown", (event) => this.anywhere(event)],
      [document, "paste", (event) => this.paste(event)],
      [window, "dragover", (event) => this.drag(event)],
      [window, "dragleave", (event) => { if (!event.relatedTarget) this.over.hidden = true; }],
      [window, "drop", (event) => this.drop(event)],
    ];
    for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener);
  }

  close() {
    clearTimeout(this.timer);
    document.body.removeAttribute("data-trove-asking");
    for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener);
  }

  show(data) {
    this.url = data.url;
    this.input.placeholder = data.placeholder;
    const isAnother = this.session !== undefined && this.session !== data.session;
    this.session = data.session;
    if (isAnother) this.sequence = 0;
    if (isAnother && data.words.trim() !== this.input.value.trim()) {
      // The server was started again and has not heard these words: what it shows must not stand under them.
      setTimeout(() => this.ask(true));
    // An answer to what was typed some letters ago, or to nothing yet, must not undo the letters since.
    } else if (data.sequence >= this.sequence && !this.unasked) {
      this.sequence = data.sequence;
      if (data.words.trim() !== this.input.value.trim()) this.input.value = data.words;
      this.sent = data.words.trim();
      this.input.dataset.answered = this.sent;
      this.note.textContent = data.note;
    }
    this.compare();
    const shown = JSON.stringify(data.chips);
    if (this.chips.dataset.shown !== shown) {
      this.chips.dataset.shown = shown;
      this.chips.replaceChildren(...data.chips.map((item) => chip(item, this.tell)));
    }
  }

  // The page fades what answers other words than those in the box, if that lasts.
  compare() {
    document.body.toggleAttribute("data-trove-asking", this.input.value.trim() !== this.input.dataset.answered);
  }

  typed() {
    clearTimeout(this.timer);
    this.unasked = true;
    this.compare();
    const length = this.input.value.trim().length;
    if (length >= SHORTEST || length === 0) this.timer = setTimeout(() => this.ask(false), TYPING_MS);
  }

  ask(final) {
    clearTimeout(this.timer);
    this.unasked = false;
    const words = this.input.value.trim();
    if (!final && words === this.sent) return;
    this.sent = words;
    this.sequence += 1;
    this.tell("asked", { words, final, sequence: this.sequence });
  }

  key(event) {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      window.dispatchEvent(new CustomEvent("trove-hits"));
    } else if (event.key === "Escape" && this.input.value) {
      event.preventDefault();
      this.input.value = "";
      this.ask(true);
    }
  }

  anywhere(event) {
    const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    const writing = inner?.matches?.("input, textarea, select, [contenteditable=true]");
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.input.focus();
      this.input.select();
    }
  }

  paste(event) {
    const file = takenIn(event.clipboardData?.files);
    if (file) {
      event.preventDefault();
      this.take(file);
    }
  }

  drag(event) {
    if (!isFiles(event)) return;
    event.preventDefault();
    this.over.hidden = false;
  }

  drop(event) {
    this.over.hidden = true;
    if (!isFiles(event)) return;
    event.preventDefault();
    const file = takenIn(event.dataTransfer.files);
    if (file) this.take(file);
    else this.note.textContent = "Only a picture or sound can be dropped here.";
  }

  async take(file) {
    if (!file) return;
    this.note.textContent = `Sending ${file.name} …`;
    try {
      const answer = await fetch(`${this.url}?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      if (!answer.ok) throw new Error(await answer.text());
      this.note.textContent = "";
      this.tell("picture", await answer.json());
    } catch (error) {
      this.note.textContent = `It could not be used: ${error.message}`;
    }
  }
}

export default mounted(AskBox);
