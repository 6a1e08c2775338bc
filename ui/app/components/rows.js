// Rows of the grid, which fill its width; days with few hits share one. Parts are laid out each by itself, so
// that what comes later, or is fetched above, never moves hits from one row to another.

const GAP = 10;
const DAY_GAP = 26;
const PART = 120;
const SHARED = 30; // hits of small days, after which a part ends
const MONTH_PX = 44;
const DAY_PX = 30;
const UNKNOWN_RATIO = 1.4;
const FULL = 0.6; // of the width, from which a row is stretched instead of joined with the one before

const WITHOUT = "Without a date";

const spelled = (options) => {
  const format = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  return (day) => format.format(new Date(`${day}T00:00Z`));
};
const monthName = spelled({ month: "long", year: "numeric" });
const shortMonth = spelled({ month: "short", year: "numeric" });
const dayName = spelled({ weekday: "short", day: "numeric", month: "short" });
const wholeDay = spelled({ weekday: "long", day: "numeric", month: "long", year: "numeric" });

// The parts of so many hits: the days, or pieces of one, that they are made of, and the month that begins with
// them. `days`: how many hits each has.
const partsOf = (count, days) => {
  const parts = [];
  let from = 0;
  let before = null;
  for (const [day, hits] of days.length ? days : [[undefined, count]]) {
    const month = day === undefined ? null : day?.slice(0, 7) ?? WITHOUT;
    const begins = month !== before ? { day, name: day ? monthName(day) : WITHOUT } : null;
    const small = day && hits < SHARED;
    const open = parts.at(-1);
    before = month;
    if (small && !begins && open.small && open.to - open.from < SHARED) {
      open.days.push({ from, to: from + hits, day });
      open.to = from + hits;
      from = open.to;
      continue;
    }
    const end = from + hits;
    for (let first = true; from < end; first = false) {
      const to = Math.min(from + PART, end);
      const piece = { from, to, day: first ? day : null };
      parts.push({ from, to, small, ends: to === end, month: first ? begins : null, days: [piece] });
      from = to;
    }
  }
  return parts;
};

// The rows of a part, each of pieces: hits of one day, which is named where it begins with them.
const rowsOf = (part, items, width, target) => {
  const rows = [];
  const wide = (row) => row.ratios * target + row.gaps;
  const add = (row, at) => {
    const hit = items[at];
    row.ratios += hit?.ratio ?? UNKNOWN_RATIO;
    row.gaps += at > row.pieces.at(-1).from ? GAP : 0;
    row.said ||= Boolean(hit?.src && hit.parts);
    row.whole &&= Boolean(hit);
    row.to = at + 1;
    row.pieces.at(-1).to = row.to;
  };
  const begun = (from, day) => (
    { from, to: from, ratios: 0, gaps: 0, said: false, whole: true, stretched: false, pieces: [{ from, day }] });
  for (const { from, to, day } of part.days) {
    const own = [];
    for (let at = from; at < to;) {
      const row = begun(at, at === from ? day : null);
      do {
        add(row, at);
        at += 1;
      } while (at < to && wide(row) + GAP < width);
      row.stretched = wide(row) + GAP >= width;
      own.push(row);
    }
    const open = rows.at(-1);
    if (open && own.length === 1 && !open.stretched && wide(open) + DAY_GAP + wide(own[0]) <= width) {
      open.gaps += DAY_GAP;
      open.pieces.push({ from, day });
      for (let at = from; at < to; at += 1) add(open, at);
    } else {
      rows.push(...own);
    }
  }
  const last = rows.at(-1);
  const before = rows.at(-2);
  if (!part.ends && !last.stretched) {
    if (before && wide(last) < FULL * width) {
      rows.pop();
      before.pieces.at(-1).to = last.to;
      Object.assign(before, {
        to: last.to,
        ratios: before.ratios + last.ratios,
        gaps: before.gaps + GAP + last.gaps,
        said: before.said || last.said,
        whole: before.whole && last.whole,
      });
    } else {
      last.stretched = true;
    }
  }
  for (const row of rows) {
    const height = (width - row.gaps) / row.ratios;
    row.height = row.stretched ? height : Math.min(height, target);
    row.dated = row.pieces.some(({ day }) => day);
  }
  rows[0].month = part.month;
  return rows;
};

// The same row where nothing about it has changed, so that it need not be drawn again.
const keptRows = (rows, before) => rows.map((row) => before.find((old) => old.whole && old.from === row.from
  && old.to === row.to && Math.abs(old.height - row.height) < 0.01) ?? row);

// Gives all rows their places, with room below each tile for its words and as much more; returns the height of all.
const place = (rows, more) => {
  let top = 0;
  rows.forEach((row, at) => {
    row.at = at;
    row.top = top;
    const [above, below] = [(row.month ? MONTH_PX : 0) + (row.dated ? DAY_PX : 0), (row.said ? 62 : 26) + more];
    row.bottom = top + above + row.height + below;
    top = row.bottom + GAP;
  });
  return top;
};

// The place of the first of the rows that ends below a height.
const rowAt = (rows, y) => firstRow(rows, (row) => row.bottom >= y);

// The place of the row that a hit is in.
const rowOf = (rows, index) => firstRow(rows, (row) => row.to > index);

// The first from which on something holds; the last where it holds for none.
const firstRow = (rows, holds) => {
  let low = 0;
  let high = Math.max(0, rows.length - 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rows[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
};

// The hit of the row above or below that lies nearest; -1 where there is no such row.
const beyond = (rows, items, index, step) => {
  const at = rowOf(rows, index);
  const row = rows[at + step];
  if (!row) return -1;
  const ratio = (of) => items[of]?.ratio ?? UNKNOWN_RATIO;
  const middle = (from, of) => {
    let left = 0;
    for (let other = from; other < of; other += 1) left += ratio(other);
    return left + ratio(of) / 2;
  };
  const here = middle(rows[at].from, index) * rows[at].height;
  const off = (of) => Math.abs(middle(row.from, of) * row.height - here);
  let best = row.from;
  for (let other = row.from; other < row.to; other += 1) {
    if (off(other) < off(best)) best = other;
  }
  return best;
};
