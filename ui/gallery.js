// Draws the tiles and tells Python which one was clicked. Names and spoken words are only ever
// set as text, never as HTML.

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

const frame = (tile, hit) => {
  const made = element("span", "frame");
  if (hit.src) {
    const picture = element("img", "");
    picture.loading = "lazy";
    picture.alt = hit.alt;
    picture.onload = () => {
      const ratio = picture.naturalWidth / picture.naturalHeight;
      tile.style.setProperty("--ratio", Math.min(2.6, Math.max(0.55, ratio)));
    };
    picture.src = hit.src;
    made.append(picture);
  } else {
    const words = element("span", "words");
    words.append(element("span", "", hit.text));
    made.append(words);
  }
  made.append(element("span", "badge kind", hit.kind));
  if (hit.time) made.append(element("span", "badge time", hit.time));
  return made;
};

const tile = (hit, tell) => {
  const made = element("div", "tile");
  made.dataset.unit = hit.id;
  const open = element("button", "open");
  open.type = "button";
  open.setAttribute("aria-label", `Open ${hit.alt}`);
  open.title = hit.path;
  open.onclick = () => tell("open", hit.id);
  const caption = element("span", "caption");
  caption.append(element("span", "name", hit.name), element("span", "score", hit.score));
  open.append(frame(made, hit), caption);
  if (hit.src && hit.text) open.append(element("span", "said", `“${hit.text}”`));
  const similar = element("button", "similar", "Similar");
  similar.type = "button";
  similar.setAttribute("aria-label", `Similar to ${hit.alt}`);
  similar.onclick = () => tell("similar", hit.id);
  made.append(open, similar);
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const gallery = parentElement.querySelector(".gallery");
  const shown = JSON.stringify(data);
  // Every rerun of the page comes here; pictures that are already there must not flicker.
  if (gallery.dataset.shown === shown) return;
  gallery.dataset.shown = shown;
  gallery.replaceChildren(...data.map((hit) => tile(hit, setTriggerValue)));
}
