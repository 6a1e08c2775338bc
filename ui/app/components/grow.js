// The picture of a hit that is opened, large at once: what stands around it has to come from the server first.

const GROWN_MS = 80;
const FADED_MS = 250; // Streamlit's dialog is pale at first
const LONGEST_MS = 5000; // after which something is wrong, and people see the page again

// `view`: the address of the large picture, which takes the place of its thumbnail once it is there.
const grow = (image, view) => {
  if (!image?.naturalWidth) return;
  const over = element("div", "trove-growing");
  const copy = element("img", "");
  copy.alt = "";
  copy.src = image.src;
  over.setAttribute("aria-hidden", "true");
  over.style.background = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
  over.append(copy);
  document.body.append(over);
  if (view) {
    const whole = Object.assign(new Image(), { src: view });
    whole.decode().then(() => { copy.src = view; }, () => {});
  }
  const { stage, width, height } = window.troveStage ?? {};
  if (width === window.innerWidth && height === window.innerHeight) {
    for (const side of ["left", "top", "width", "height"]) copy.style[side] = `${stage[side]}px`;
  }
  const [from, to] = [image, copy].map((one) => one.getBoundingClientRect());
  if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const scale = Math.min(from.width / to.width, from.height / to.height);
    const [x, y] = [from.x - to.x + (from.width - to.width) / 2, from.y - to.y + (from.height - to.height) / 2];
    copy.animate({ transform: [`translate(${x}px, ${y}px) scale(${scale})`, "none"] }, { duration: GROWN_MS, easing: "ease-out" });
    over.animate({ backgroundColor: ["transparent", over.style.background] }, { duration: GROWN_MS });
  }
  const ended = new AbortController();
  const end = () => {
    over.remove();
    ended.abort();
  };
  window.addEventListener("trove-grown", () => setTimeout(end, FADED_MS), { signal: ended.signal });
  window.addEventListener("popstate", end, { signal: ended.signal });
  window.addEventListener("keydown", (event) => { if (event.key === "Escape") end(); }, { signal: ended.signal, capture: true });
  setTimeout(end, LONGEST_MS);
};

// Tells that the opened hit is there, and where the next one will be.
const grown = (stage) => {
  window.troveStage = { stage: stage.getBoundingClientRect(), width: window.innerWidth, height: window.innerHeight };
  window.dispatchEvent(new Event("trove-grown"));
};

