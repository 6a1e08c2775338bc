// Lanes under a timeline: one for each name, such as music, with the times at which a machine tells it.
// Tab leads to a lane, the arrows from part to part of it; each plays from where it begins.

const drawLanes = (root, lanes, duration, go) => {
  root.hidden = !lanes.length;
  root.replaceChildren(...lanes.map(({ name, spans }) => {
    const lane = element("div", "lane");
    lane.role = "group";
    lane.setAttribute("aria-label", name);
    const parts = spans.map(([start, end], at) => {
      const made = element("button", "part");
      made.type = "button";
      made.tabIndex = at ? -1 : 0;
      made.style.left = `${(100 * start) / duration}%`;
      made.style.width = `${(100 * (end - start)) / duration}%`;
      made.title = `${name}, ${clock(start)} to ${clock(end)}`;
      made.setAttribute("aria-label", `Play from ${clock(start)}: ${name}`);
      made.onclick = () => go(start);
      made.onkeydown = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        const next = parts[at + step];
        if (!next) return;
        for (const part of parts) part.tabIndex = part === next ? 0 : -1;
        next.focus();
      };
      return made;
    });
    const bar = element("div", "bar");
    bar.append(...parts);
    lane.append(element("span", "name", name), bar);
    return lane;
  }));
};

