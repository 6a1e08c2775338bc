// Plays from the found moment, with what is said beside it and a picture of where the question fits.

class Player {
  constructor(root) {
    this.stage = root.querySelector(".stage");
    this.line = root.querySelector(".timeline");
    this.plot = root.querySelector(".plot");
    this.marks = root.querySelector(".marks");
    this.now = root.querySelector(".now");
    this.lanes = root.querySelector(".lanes");
    this.legend = root.querySelector(".legend");
    this.copy = root.querySelector(".copy");
    this.still = root.querySelector(".still");
    this.still.onclick = () => this.saveStill();
    this.transcript = new Transcript(root, this);
    offerCopy(root.querySelector(".link"), "Copy a link to this moment", () => this.link());
    this.keys = new Keys(root, [
      [["ArrowLeft"], "the one before; on the timeline, five seconds back"],
      [["ArrowRight"], "the next one; on the timeline, five seconds on"],
      [["f"], "full screen", () => this.enlarge()],
      [[" "], "play or stop", () => this.toggle()],
      [["Ctrl+f"], "find in what is said", () => this.transcript.focus()],
      [["Escape"], "close"],
    ]);
    root.querySelector(".help").onclick = () => this.keys.toggle();
    this.line.onclick = (event) => {
      const box = this.plot.getBoundingClientRect();
      this.go(((event.clientX - box.left) / box.width) * this.data.duration_s);
    };
    this.line.onkeydown = (event) => {
      const step = { ArrowRight: 5, ArrowLeft: -5 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.go(this.time() + step);
    };
  }

  close() {
    this.player?.pause();
    this.keys.close();
  }

  show({ texts, shown, ...data }) {
    const isNew = this.play(data);
    this.transcript.show(texts, shown);
    const told = JSON.stringify([data, texts]);
    if (this.told === told) return;
    this.told = told;
    offerText(this.copy, data.copied);
    this.retold(isNew);
  }

  // Draws what goes with the words that are shown.
  retold(isNew = false) {
    this.timeline(this.data);
    this.tick(isNew);
  }

  // What plays goes on while something else about it changes, as when a passage is put right.
  play(data) {
    const medium = JSON.stringify([data.src, data.start_s, data.offset_s]);
    this.data = data;
    if (this.medium === medium) return false;
    this.medium = medium;
    this.overlay = drawn("svg", { class: "overlay", "aria-hidden": "true" });
    const screen = element("div", `screen ${data.kind}`);
    screen.append(this.made(data), this.overlay);
    this.stage.replaceChildren(screen);
    this.still.hidden = data.kind !== "video";
    grown(this.stage);
    return true;
  }

  made(data) {
    const made = element(data.kind, "medium");
    made.controls = true;
    made.autoplay = !data.paused;
    made.preload = "auto";
    made.setAttribute("aria-label", data.name);
    if (data.width && data.height) made.style.aspectRatio = `${data.width} / ${data.height}`;
    made.addEventListener("loadedmetadata", () => {
      made.currentTime = Math.max(0, data.start_s - data.offset_s);
    }, { once: true });
    made.addEventListener("timeupdate", () => this.tick(false));
    made.addEventListener("play", () => this.follow());
    made.addEventListener("seeked", () => this.tick(false));
    for (const event of ["loadeddata", "seeked", "pause", "play"]) {
      made.addEventListener(event, () => this.mark());
    }
    made.src = data.src;
    this.player = made;
    return made;
  }

  toggle() {
    if (this.player.paused) this.player.play().catch(() => {});
    else this.player.pause();
  }

  enlarge() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.stage.requestFullscreen().catch(() => {});
  }

  // The address of the page with the hit opened at this second.
  link() {
    const address = new URL(window.location.href);
    address.searchParams.set("hit", this.data.unit);
    address.searchParams.set("at", this.time().toFixed(1));
    return address.href;
  }

  // The picture that is seen now, as a PNG with the film's own pixels.
  saveStill() {
    const { videoWidth, videoHeight } = this.player;
    const made = document.createElement("canvas");
    Object.assign(made, { width: videoWidth, height: videoHeight });
    made.getContext("2d").drawImage(this.player, 0, 0);
    made.toBlob((png) => {
      if (!png) return;
      const saved = document.createElement("a");
      saved.href = URL.createObjectURL(png);
      saved.download = `${this.data.name.replace(/\.[^.]*$/, "")} ${clock(this.time()).replaceAll(":", ".")}.png`;
      saved.click();
      setTimeout(() => URL.revokeObjectURL(saved.href), 60_000);
    }, "image/png");
  }

  time() {
    return this.player.currentTime + this.data.offset_s;
  }

  // Within a clip the player goes there itself; for the rest of the file Python makes another clip.
  go(seconds) {
    const { offset_s: offset, end_s: end, duration_s: duration } = this.data;
    const to = Math.max(0, Math.min(seconds, duration));
    if (to < offset || to > end) {
      this.tell("jump", to);
      return;
    }
    this.player.currentTime = to - offset;
    this.player.play().catch(() => {});
  }

  // Words go by faster than a player tells its time.
  follow() {
    if (this.player.paused || !this.player.isConnected) return;
    this.transcript.tick(this.time());
    requestAnimationFrame(() => this.follow());
  }

  // What is written may move: it is marked where the film stands still.
  mark() {
    const { videoWidth: width, videoHeight: height, paused } = this.player;
    const time = this.time();
    const now = paused && width
      ? this.data.found.filter(({ start_s: start, end_s: end }) => time >= start - 0.05 && time <= end + 0.05) : [];
    drawMarks(this.overlay, width || 1, height || 1, now);
  }

  timeline(data) {
    const x = (seconds) => (1000 * seconds) / data.duration_s;
    this.plot.replaceChildren();
    // Each moment lasts as long as its scene: the outline is a staircase.
    const points = data.curve.flatMap((part) => [
      `${x(part.start_s)},${100 - 92 * part.match}`, `${x(part.end_s)},${100 - 92 * part.match}`,
    ]);
    if (points.length) {
      const first = x(data.curve[0].start_s);
      const last = x(data.curve.at(-1).end_s);
      this.plot.append(drawn("polygon", { class: "area", points: `${first},100 ${points.join(" ")} ${last},100` }));
      this.plot.append(drawn("polyline", { class: "outline", points: points.join(" "), "vector-effect": "non-scaling-stroke" }));
    }
    const { passages, chapters } = this.transcript.texts[this.transcript.chosen?.at] ?? { passages: [], chapters: [] };
    for (const chapter of chapters.slice(1)) {
      this.plot.append(drawn("rect", { class: "border", x: x(chapter.start_s), y: 0, width: 1.5, height: 100 }));
    }
    for (const passage of passages.filter((item) => item.asked.length)) {
      this.plot.append(drawn("rect", {
        class: "spoken", x: x(passage.start_s), y: 94, width: Math.max(3, x(passage.end_s - passage.start_s)), height: 6,
      }));
    }
    this.marks.replaceChildren(...data.marks.map((mark) => {
      const made = element("button", `mark${mark.current ? " current" : ""}`, String(mark.rank));
      made.type = "button";
      made.style.left = `${x(mark.start_s) / 10}%`;
      made.title = `Hit ${mark.rank} at ${clock(mark.start_s)}`;
      made.setAttribute("aria-label", `Play hit ${mark.rank} at ${clock(mark.start_s)}`);
      made.onclick = () => this.go(mark.start_s);
      return made;
    }));
    drawLanes(this.lanes, data.duration_s ? data.lanes : [], data.duration_s, (seconds) => this.go(seconds));
    this.legend.textContent = data.curve.length
      ? "The higher, the better the picture fits the question; numbers are hits." : "";
    this.line.hidden = !data.duration_s;
    this.line.setAttribute("aria-valuemax", Math.round(data.duration_s));
  }

  tick(first) {
    if (!this.data) return;
    const time = first ? this.data.start_s : this.time();
    this.now.style.left = `${(100 * time) / this.data.duration_s}%`;
    this.line.setAttribute("aria-valuenow", Math.round(time));
    this.line.setAttribute("aria-valuetext", clock(time));
    this.transcript.tick(time, first || undefined);
  }
}

export default mounted(Player);
