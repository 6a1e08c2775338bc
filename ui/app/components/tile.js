// What a tile of the grid is made of. Names and spoken words are only ever set as text, never as HTML.

const marked = (className, { label, parts }) => {
  const made = element("span", className);
  made.append(label ? `${label}: “` : "“");
  for (const [text, asked] of parts) made.append(asked ? element("mark", "", text) : text);
  made.append("”");
  return made;
};

const STAYS_MS = 150;

// What only flies past is not asked for: its picture would be made after those that are looked at.
const frame = (hit, stays) => {
  const made = element("span", "frame");
  if (hit.src) {
    const picture = element("img", "");
    picture.alt = hit.alt;
    picture.decoding = "async";
    if (stays) picture.src = hit.src;
    else setTimeout(() => { if (picture.isConnected) picture.src = hit.src; }, STAYS_MS);
    made.append(picture);
  } else {
    const words = element("span", "words");
    words.append(hit.parts ? marked("", hit) : hit.name);
    made.append(words);
  }
  return made;
};

// Over the picture where there is room for it, else before its name; see gallery.css.
const badges = (hit, fresh) => {
  const made = [element("span", "badge kind", hit.kind)];
  if (hit.stack) {
    made.push(element("span", "badge stack", `⧉ ${hit.stack}`));
    made[1].title = `${hit.stack} files that belong together`;
  }
  if (hit.time) made.push(element("span", "badge time", hit.time));
  if (fresh) made.push(element("span", "badge fresh", "New"));
  if (hit.offline) made.push(element("span", "badge offline", "Not connected"));
  return made;
};

const button = (className, text, label, act) => {
  const made = element("button", className, text);
  made.type = "button";
  made.tabIndex = -1;
  made.setAttribute("aria-label", label);
  made.onclick = act;
  return made;
};

// The place of a hit that is not here yet; the keyboard can be there before it.
const blank = (index, height, current) => {
  const made = element("div", "tile blank");
  made.dataset.index = index;
  made.style.width = `${UNKNOWN_RATIO * height}px`;
  const open = button("open", "", "Not loaded yet", () => {});
  open.tabIndex = current ? 0 : -1;
  const room = element("span", "frame");
  room.style.height = `${height}px`;
  open.append(room);
  made.append(open);
  return made;
};

// The heading of a day; without one, of as much room.
const dayHeading = (day) => {
  if (!day) return element("div", "day");
  const made = element("h4", "day", dayName(day));
  made.title = wholeDay(day);
  return made;
};
