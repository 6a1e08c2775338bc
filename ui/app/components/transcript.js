// What is said, beside what plays: chapters, words to be found, and passages that can be put right.
// What was said is only ever set as text, never as HTML.

class Transcript {
  // `player` has `go(seconds)`, `time()`, and `tell(name, value)`.
  constructor(root, player) {
    this.player = player;
    this.beside = root.querySelector(".beside");
    this.said = root.querySelector(".said");
    this.input = root.querySelector(".find");
    this.count = root.querySelector(".count");
    this.which = root.querySelector(".which");
    this.chapters = root.querySelector(".chapters");
    this.input.oninput = () => this.find();
    this.input.onkeydown = (event) => this.press(event);
    this.which.onchange = () => {
      this.choose(Number(this.which.value));
      this.player.retold();
    };
  }

  // `texts`: [{name, passages, chapters}]; `shown`: which of them at first.
  show(texts, shown) {
    const told = JSON.stringify([texts, shown]);
    if (this.told === told) return;
    this.told = told;
    this.texts = texts;
    this.beside.hidden = !texts.length;
    this.which.hidden = texts.length < 2;
    this.which.replaceChildren(...texts.map(({ name }, value) => Object.assign(element("option", "", name), { value })));
    if (texts.length) this.choose(this.chosen?.shown === shown && this.chosen.at < texts.length ? this.chosen.at : shown, shown);
    else this.passages = [];
  }

  choose(at, shown = this.chosen.shown) {
    this.chosen = { at, shown };
    this.which.value = at;
    this.passages = this.texts[at].passages.map((passage) => ({ ...passage, ...findable(passage.text), found: [] }));
    const begins = ({ start_s: start }) => this.passages.find((passage) => passage.start_s >= start - 0.05);
    this.beginning = new Set(this.texts[at].chapters.map(begins));
    const top = this.said.scrollTop;
    this.said.replaceChildren(...this.passages.map((passage) => this.row(passage)));
    this.said.scrollTop = top;
    this.contents(this.texts[at].chapters);
    this.current = undefined;
    this.find();
  }

  contents(chapters) {
    this.chapters.hidden = !chapters.length;
    this.chapters.open = this.chapters.open || !window.matchMedia("(max-width: 860px)").matches;
    this.chapters.querySelector("summary").textContent = `${chapters.length} chapters`;
    this.chapters.querySelector("ol").replaceChildren(...chapters.map((chapter) => {
      const made = element("li", "");
      made.append(this.jump("chapter", chapter.start_s, [chapter.title]));
      return made;
    }));
  }

  jump(name, seconds, texts) {
    const made = element("button", name);
    made.type = "button";
    const text = element("span", "text");
    text.append(...texts);
    made.append(element("span", "at", clock(seconds)), text);
    made.onclick = () => this.player.go(seconds);
    return made;
  }

  row(passage) {
    const made = element("div", `row${this.beginning.has(passage) ? " begins" : ""}`);
    const edit = element("button", "edit", "✎");
    edit.type = "button";
    edit.title = "Put right what is said";
    edit.setAttribute("aria-label", `Put right what is said at ${clock(passage.start_s)}`);
    edit.onclick = () => this.edit(passage);
    passage.row = made;
    made.append(this.jump("passage", passage.start_s, this.pieces(passage)), edit);
    return made;
  }

  // The text in pieces: what was asked for and what is found is marked; each word by itself where it is said now.
  pieces(passage, inWords = false) {
    const { letters, asked, found, words } = passage;
    const borders = new Set([0, letters.length, ...asked.flat(), ...found.flat(), ...(inWords ? words.map((word) => word[2]) : [])]);
    const places = [...borders].filter((place) => place <= letters.length).sort((one, other) => one - other);
    const within = (spans, place) => spans.findIndex(([from, to]) => place >= from && place < to);
    const made = places.slice(0, -1).flatMap((from, nth) => {
      const piece = letters.slice(from, places[nth + 1]).join("");
      const isFound = within(found, from) >= 0;
      const isMarked = isFound || within(asked, from) >= 0;
      const shown = element(isMarked ? "mark" : "span", isFound ? "sought" : "", isMarked ? piece : piece.trimEnd());
      if (isFound && passage === this.here?.passage && within(found, from) === this.here.nth) shown.classList.add("here");
      if (inWords) shown.dataset.word = words.findLastIndex((word) => word[2] <= from);
      return [shown, isMarked ? "" : piece.slice(shown.textContent.length)];
    });
    return passage.corrected ? [...made, " ", element("span", "yours", passage.corrected)] : made;
  }

  fill(passage, inWords = passage === this.passages[this.current]) {
    passage.row.querySelector(".passage .text")?.replaceChildren(...this.pieces(passage, inWords && passage.words.length > 0));
    passage.word = undefined;
  }

  tick(seconds, first = this.current === undefined) {
    let at = this.passages.findIndex((passage) => seconds >= passage.start_s - 0.05 && seconds < passage.end_s);
    if (at < 0 && first) at = this.passages.findIndex((passage) => passage.end_s > seconds);
    if (at !== this.current) this.turn(at);
    this.say(this.passages[at], seconds);
  }

  turn(at) {
    const before = this.passages[this.current];
    this.current = at;
    if (before) {
      before.row.querySelector(".passage")?.removeAttribute("aria-current");
      this.fill(before, false);
    }
    const now = this.passages[at];
    if (!now) return;
    now.row.querySelector(".passage")?.setAttribute("aria-current", "true");
    this.fill(now);
    // Not scrollIntoView, which would scroll the page as well; and not away from what somebody writes.
    if (!this.said.querySelector("form")) this.said.scrollTop = now.row.offsetTop - this.said.clientHeight / 3;
    const { chapters } = this.texts[this.chosen.at];
    const chapter = chapters.findLastIndex((one) => one.start_s <= now.start_s);
    this.chapters.querySelectorAll(".chapter").forEach((one, nth) => {
      if (nth === chapter) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    });
  }

  // Marks the word that is said now.
  say(passage, seconds) {
    if (!passage?.words.length) return;
    const word = passage.words.findLastIndex(([from, to]) => seconds >= from - 0.05 && seconds < to + 0.05);
    if (word === passage.word) return;
    passage.word = word;
    for (const piece of passage.row.querySelectorAll("[data-word]")) {
      piece.classList.toggle("saying", word >= 0 && Number(piece.dataset.word) === word);
    }
  }

  // Ctrl-F: where there is something to be found, and once; from there the browser has it.
  focus() {
    if (this.beside.hidden) return false;
    this.input.focus();
    this.input.select();
    return true;
  }

  find() {
    this.here = undefined;
    this.places = [];
    for (const passage of this.passages) {
      const found = placesOf(passage, this.input.value);
      const changed = found.length || passage.found.length;
      passage.found = found;
      found.forEach((span, nth) => this.places.push({ passage, nth }));
      if (changed) this.fill(passage);
    }
    this.tell();
  }

  tell() {
    const { length } = this.places;
    const at = this.places.indexOf(this.here);
    if (!findable(this.input.value).plain.trim()) this.count.textContent = "";
    else if (!length) this.count.textContent = "Not said";
    else this.count.textContent = at < 0 ? String(length) : `${at + 1} of ${length}`;
  }

  // To the next place, or the one before; from nowhere to the first that is still to come.
  next(step) {
    if (!this.places.length) return;
    const { length } = this.places;
    const from = this.places.indexOf(this.here);
    const now = this.player.time();
    const coming = Math.max(0, this.places.findIndex(({ passage }) => passage.end_s > now));
    const at = from < 0 ? coming : (from + step + length) % length;
    const before = this.here;
    this.here = this.places[at];
    const { passage, nth } = this.here;
    if (before) this.fill(before.passage);
    this.fill(passage);
    this.tell();
    const word = passage.words.findLast(([, , place]) => place <= passage.found[nth][0]);
    this.player.go(word ? word[0] : passage.start_s);
  }

  press(event) {
    event.stopPropagation(); // Streamlit's own shortcuts are of the page
    if (event.key === "Enter") {
      event.preventDefault();
      this.next(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.input.value = "";
      this.find();
      this.said.focus();
    }
  }

  edit(passage) {
    const form = element("form", "correct");
    const text = Object.assign(element("textarea", ""), { value: passage.text, rows: 3 });
    text.setAttribute("aria-label", `What is said at ${clock(passage.start_s)}`);
    const button = (label, type, act) => {
      const made = Object.assign(element("button", "pill", label), { type });
      if (act) made.onclick = act;
      return made;
    };
    const close = () => {
      form.replaceWith(this.row(passage));
      if (passage === this.passages[this.current]) this.turn(this.current);
      passage.row.querySelector(".edit").focus();
    };
    const tell = (name) => {
      this.player.tell(name, { unit: passage.unit, text: text.value });
      close();
    };
    form.append(text, element("span", "hint", "Empty, it is taken away."), button("Save", "submit"), button("Cancel", "button", close));
    if (passage.corrected) form.append(button("Use what was heard", "button", () => tell("heard")));
    form.onsubmit = (event) => {
      event.preventDefault();
      if (text.value.trim() === passage.text.trim()) close();
      else tell("correct");
    };
    form.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && event.target === text && !event.shiftKey) form.requestSubmit();
      else return;
      event.preventDefault();
    };
    passage.row.replaceWith(form);
    text.focus();
  }
}

