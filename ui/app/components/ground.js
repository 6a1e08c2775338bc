// What places lie on: land, as far as its outlines are known, and the names of towns.

const LAND_UNTIL = [7.5, 9.5]; // levels from which its outlines are too coarse, and fade
const NAME_PX = 12;
const MOST_NAMES = 70;
const NAMED = [40, 3]; // of the largest towns on level 0, and how many times as many on each next level
const NEAR_KM = 10;

class Ground {
  // As `ui.app.routes.places` sends it: outlines in steps, and towns, the largest first.
  constructor({ units, land, towns }) {
    this.land = new Path2D();
    for (const steps of land) this.outline(steps, units);
    this.towns = towns.map(([name, country, latitude, longitude]) => ({
      name, country, latitude, longitude, x: toX(longitude), y: toY(latitude),
    }));
  }

  outline(steps, units) {
    let [east, north] = [0, 0];
    for (let at = 0; at < steps.length; at += 2) {
      east += steps[at];
      north += steps[at + 1];
      const point = [toX(east / units), toY(north / units)];
      if (at) this.land.lineTo(...point);
      else this.land.moveTo(...point);
    }
    this.land.closePath();
  }

  // All of the world once: in a window that is wider, there is nothing beside it.
  drawLand(context, { x, y, world }, width, height, { density, level, land, sea }) {
    const [all, none] = LAND_UNTIL;
    const half = Math.min(width / 2 / world, 0.5);
    context.save();
    context.scale(density, density);
    context.beginPath();
    context.rect(width / 2 - half * world, height / 2 - y * world, 2 * half * world, world);
    context.clip();
    context.fillStyle = sea;
    context.fillRect(0, 0, width, height);
    context.fillStyle = land;
    context.globalAlpha = Math.max(0, Math.min((none - level) / (none - all), 1));
    // What goes on across the date line is in two of these.
    for (let turn = Math.floor(x - half - 0.1); level < none && turn <= x + half; turn += 1) {
      context.setTransform(
        world * density, 0, 0, world * density,
        density * (width / 2 + (turn - x) * world), density * (height / 2 - y * world),
      );
      context.fill(this.land, "evenodd");
    }
    context.restore();
  }

  // Towns that have room beside what is there, `taken`: [left, top, right, bottom] each.
  drawTowns(context, { x, y, world }, width, height, level, taken) {
    const free = (box) => taken.every((other) =>
      box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1]);
    const most = Math.min(MOST_NAMES, (width * height) / 9000);
    let drawn = 0;
    const last = Math.min(this.towns.length, NAMED[0] * NAMED[1] ** level);
    for (let at = 0; at < last && drawn < most; at += 1) {
      const town = this.towns[at];
      const down = height / 2 + (town.y - y) * world;
      if (down < NAME_PX || down > height - NAME_PX) continue;
      const right = width / 2 + shorter(town.x - x) * world;
      if (right < 4 || right > width - 30) continue;
      const wide = context.measureText(town.name).width;
      const box = [right - 8, down - NAME_PX, right + wide + 16, down + NAME_PX];
      if (box[2] > (width + Math.min(width, world)) / 2 || !free(box)) continue;
      taken.push(box);
      context.beginPath();
      context.arc(right, down, 2, 0, 7);
      context.fill();
      context.strokeText(town.name, right + 6, down);
      context.fillText(town.name, right + 6, down);
      drawn += 1;
    }
  }

  // Where people would say that a group is: by the town of its spot, the largest near by, else the nearest.
  where({ spot, west = 0, east = 0, top = 0, bottom = 0 }) {
    const around = kmAround(toLatitude(spot.y));
    const isWide = around * Math.hypot(east - west, bottom - top) > 2 * NEAR_KM;
    let [nearest, distance] = [null, Infinity];
    for (const town of this.towns) {
      const down = (town.y - spot.y) * around;
      if (Math.abs(down) >= distance) continue;
      const apart = Math.hypot(shorter(town.x - spot.x) * around, down);
      if (apart <= NEAR_KM) return `${isWide ? "around" : "in"} ${spelt(town)}`;
      if (apart < distance) [nearest, distance] = [town, apart];
    }
    return nearest ? `${Math.round(distance).toLocaleString()} km from ${spelt(nearest)}` : "";
  }
}

const spelt = ({ name, country }) => (country ? `${name}, ${country}` : name);
