// What hands do to something that can be enlarged and moved: the wheel comes nearer, one finger or the mouse drags,
// two fingers pinch. `near(times, event)` comes so many times nearer to what is there, `moved(right, down, pinched)`
// moves by pixels, `ended(event, far)` says how far the last finger has come, as [right, down], or that it was a
// pinch (null). `takes(event)`: whether a finger is one of ours; `holds()`: whether dragging moves anything.

const MEANT_PX = 5;

class Gestures {
  constructor(stage, { near, moved, ended = () => {}, takes = () => true, holds = () => true }) {
    Object.assign(this, { stage, near, moved, ended, takes, holds });
    this.pointers = new Map();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.up(event));
  }

  wheel(event) {
    event.preventDefault();
    // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
    this.near(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event);
  }

  down(event) {
    if (event.button !== 0 || !this.takes(event)) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, fromX: event.clientX, fromY: event.clientY });
    this.pinched ||= this.pointers.size > 1;
    if (this.pinched) this.stage.setPointerCapture(event.pointerId);
  }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    if (!event.buttons) { // lifted where we were not told
      this.pointers.delete(event.pointerId);
      return;
    }
    const other = [...this.pointers.values()].find((one) => one !== pointer);
    const apart = () => (other ? Math.hypot(pointer.x - other.x, pointer.y - other.y) : 1);
    const before = apart();
    const share = other ? 2 : 1;
    const far = Math.hypot(event.clientX - pointer.fromX, event.clientY - pointer.fromY) > MEANT_PX;
    // Held only now: before, it may be a click on what lies there.
    if (far && this.holds()) this.stage.setPointerCapture(event.pointerId);
    this.moved((event.clientX - pointer.x) / share, (event.clientY - pointer.y) / share, Boolean(other));
    Object.assign(pointer, { x: event.clientX, y: event.clientY });
    if (other) {
      this.near(apart() / Math.max(1, before), {
        clientX: (pointer.x + other.x) / 2, clientY: (pointer.y + other.y) / 2,
      });
    }
  }

  up(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!pointer || this.pointers.size) return;
    const far = [event.clientX - pointer.fromX, event.clientY - pointer.fromY];
    const { pinched } = this;
    this.pinched = false;
    this.ended(event, pinched ? null : far);
  }
}

// Where an event is, in pixels from the middle of an element.
const fromMiddle = (stage, event) => {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
};

// The direction of an arrow key: to the right, and down.
const arrow = (key) => ({ ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] })[key];

// Of what has an `x` and `y` in pixels, the next one from a place in a direction; null where there is none.
const nextTowards = ([right, down], here, all) => {
  let best = null;
  let least = Infinity;
  for (const one of all) {
    const along = (one.x - here.x) * right + (one.y - here.y) * down;
    const aside = Math.abs((one.x - here.x) * down) + Math.abs((one.y - here.y) * right);
    const cost = along + 2 * aside;
    if (along > 1 && cost < least) [best, least] = [one, cost];
  }
  return best;
};
