// Places in groups, for each level of a map. The world is a square of 1 by 1 in Mercator's projection, west to east
// and north to south; on level 0 it is 256 pixels wide, and on each next one twice as wide.

const TILE = 256;
const CELL_PX = 80;
const NEAREST_LEVEL = 17;
const POLAR = 85.0511; // the latitude at the edges of the square; what is nearer to a pole is shown there
const EARTH_KM = 6371;

const toX = (longitude) => longitude / 360 + 0.5;
const toLongitude = (x) => 360 * (x - Math.floor(x)) - 180;
const toY = (latitude) => {
  const sine = Math.sin((Math.max(-POLAR, Math.min(latitude, POLAR)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
};
const toLatitude = (y) => (360 / Math.PI) * Math.atan(Math.exp((1 - 2 * y) * Math.PI)) - 90;

// The shorter way around the world, from -0.5 to 0.5.
const shorter = (x) => x - Math.round(x);

// Kilometres that all of the world would be wide at a latitude.
const kmAround = (latitude) => 2 * Math.PI * EARTH_KM * Math.cos((latitude * Math.PI) / 180);

const widthAt = (level) => TILE * 2 ** level;

class Clusters {
  // As `search.explore.places.gridded` sends them: `cells` and `units` in steps from one to the next.
  constructor({ degree, around, cells, units, counts }) {
    this.counts = counts;
    this.units = new Float64Array(units.length);
    this.xs = new Float64Array(cells.length);
    this.ys = new Float64Array(cells.length);
    let [cell, unit] = [0, 0];
    for (let at = 0; at < cells.length; at += 1) {
      cell += cells[at];
      unit += units[at];
      this.units[at] = unit;
      this.xs[at] = toX((cell % around) / degree - 180);
      this.ys[at] = toY(Math.floor(cell / around) / degree - 90);
    }
    this.total = counts.reduce((sum, count) => sum + count, 0);
    this.levels = new Map();
  }

  // The groups of all the world on a level: what is within CELL_PX of each other is one.
  at(level) {
    if (!this.levels.has(level)) this.levels.set(level, this.merged(...this.byCell(level)));
    return this.levels.get(level);
  }

  byCell(level) {
    const around = Math.floor(widthAt(level) / CELL_PX);
    const found = new Map();
    const { xs, ys, counts, units } = this;
    for (let at = 0; at < xs.length; at += 1) {
      const [column, row] = [Math.floor(xs[at] * around) % around, Math.floor(ys[at] * around)];
      const cell = row * around + column;
      const group = found.get(cell);
      if (group) take(group, alone(xs[at], ys[at], counts[at], units[at]));
      else found.set(cell, single(`${level}:${cell}`, column, row, xs[at], ys[at], counts[at], units[at]));
    }
    return [found, around];
  }

  // Groups on both sides of an edge between cells would lie on each other; the larger one takes the smaller.
  merged(found, around) {
    const groups = [...found.values()].sort((one, other) => other.count - one.count);
    for (const group of groups) {
      if (group.taken) continue;
      group.kept = true;
      const { column, row, x, y } = group;
      for (let aside = -1; aside <= 1; aside += 1) {
        for (let down = -1; down <= 1; down += 1) {
          const other = found.get((row + down) * around + ((column + aside + around) % around));
          if (!other || other.kept || other.taken) continue;
          if (Math.hypot(shorter(other.x - x), other.y - y) * around >= 1) continue;
          other.taken = true;
          take(group, other);
        }
      }
    }
    return groups.filter((group) => group.kept);
  }

  // How many are in a rectangle around a place, `wide` and `high` to each side.
  count({ x, y }, wide, high) {
    let sum = 0;
    for (let at = 0; at < this.xs.length; at += 1) {
      if (Math.abs(this.ys[at] - y) <= high && Math.abs(shorter(this.xs[at] - x)) <= wide) sum += this.counts[at];
    }
    return sum;
  }

  // The smallest rectangle around all of them, which may cross the date line, and how far south they are on average.
  bounds() {
    const sorted = Float64Array.from(this.xs).sort();
    let [widest, from] = [sorted[0] + 1 - sorted.at(-1), sorted[0]];
    for (let at = 1; at < sorted.length; at += 1) {
      const gap = sorted[at] - sorted[at - 1];
      if (gap > widest) [widest, from] = [gap, sorted[at]];
    }
    const [top, bottom] = this.ys.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [1, 0]);
    const middle = this.ys.reduce((sum, y, at) => sum + y * this.counts[at], 0) / this.total;
    return { west: from, east: from + 1 - widest, top, bottom, middle };
  }
}

// A group: how many it has, where its middle is, what it reaches, and the spot with most of them, which stands for it.
const single = (key, column, row, x, y, count, unit) => ({ key, column, row, ...alone(x, y, count, unit) });

const alone = (x, y, count, unit) => ({
  x, y, count, west: x, east: x, top: y, bottom: y, spot: { x, y, count, unit },
});

const take = (group, other) => {
  const moved = shorter(other.x - group.x) - (other.x - group.x);
  const share = other.count / (group.count + other.count);
  group.x += (other.x + moved - group.x) * share;
  group.y += (other.y - group.y) * share;
  group.count += other.count;
  group.west = Math.min(group.west, other.west + moved);
  group.east = Math.max(group.east, other.east + moved);
  group.top = Math.min(group.top, other.top);
  group.bottom = Math.max(group.bottom, other.bottom);
  if (other.spot.count > group.spot.count) group.spot = other.spot;
};

// Whether a group falls apart when people come as near as they can.
const splits = ({ west, east, top, bottom }) =>
  Math.max(east - west, bottom - top) * widthAt(NEAREST_LEVEL) >= 2 * CELL_PX;
