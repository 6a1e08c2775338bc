// Marks on a picture or film, and its text laid over it so that it can be selected. What is drawn has the
// proportions of the picture and fills the same box, so that it is letterboxed and enlarged with it.

const SVG = "http://www.w3.org/2000/svg";

const drawn = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

// Corners are x and y from the top left as the text is read, each 0 to 1 of the upright picture.
const drawMarks = (svg, width, height, marks, lines = []) => {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const points = (corners) => [0, 2, 4, 6].map((at) => [corners[at] * width, corners[at + 1] * height]);
  const line = ({ words, corners }) => {
    const [first, second, , last] = points(corners);
    const length = Math.hypot(second[0] - first[0], second[1] - first[1]);
    const tall = Math.hypot(last[0] - first[0], last[1] - first[1]);
    const angle = (Math.atan2(second[1] - first[1], second[0] - first[0]) * 180) / Math.PI;
    const [x, y] = [0, 1].map((axis) => first[axis] + 0.8 * (last[axis] - first[axis]));
    const made = drawn("text", {
      x, y, "font-size": 0.85 * tall, textLength: length, lengthAdjust: "spacingAndGlyphs",
      transform: `rotate(${angle} ${x} ${y})`,
    });
    made.textContent = words;
    return made;
  };
  // At the top of its box, as large in a small one as in a large one.
  const high = 0.03 * Math.max(width, height);
  const named = ({ name, corners }) => {
    const made = drawn("text", { x: corners[0] * width + high / 4, y: corners[1] * height + high, "font-size": high, class: "name" });
    made.textContent = name;
    return made;
  };
  svg.replaceChildren(
    ...marks.map(({ corners, whole }) => drawn("polygon", {
      class: whole ? "found whole" : "found", points: points(corners).join(" "), "vector-effect": "non-scaling-stroke",
    })),
    ...marks.filter(({ name }) => name).map(named),
    ...lines.map(line),
  );
};

