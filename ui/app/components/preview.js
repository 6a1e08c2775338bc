const RESTS_MS = 400;

// Plays a film in its tile, without sound, while the mouse rests on it; who wants less motion sees none.
const preview = (tile, frame, address) => {
  let film = null;
  let waiting = null;
  const start = async () => {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok || !tile.matches(":hover")) return;
    const { src, at_s: at } = await answer.json();
    film = Object.assign(document.createElement("video"), {
      className: "preview", muted: true, loop: true, playsInline: true, src,
    });
    film.setAttribute("aria-hidden", "true");
    film.addEventListener("loadedmetadata", () => { film.currentTime = at; }, { once: true });
    film.addEventListener("playing", () => film?.classList.add("plays"), { once: true });
    frame.querySelector("img")?.after(film);
    film.play().catch(() => {});
  };
  const stop = () => {
    clearTimeout(waiting);
    film?.removeAttribute("src");
    film?.load();
    film?.remove();
    film = null;
  };
  tile.addEventListener("pointerenter", (event) => {
    stop();
    if (event.pointerType !== "mouse" || window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    waiting = setTimeout(start, RESTS_MS);
  });
  tile.addEventListener("pointerleave", stop);
  tile.addEventListener("pointerdown", stop);
};
