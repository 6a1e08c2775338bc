const PRESSED_MS = 450;
const STILL_PX = 10;

// Whether people use fingers, so that nothing can be shown while a mouse is over it.
const byTouch = () => window.matchMedia("(hover: none)").matches;

// Acts when a finger stays on an element; the tap in which that ends is none, and opens no menu of the browser's.
const press = (on, act) => {
  let waiting = null;
  let from = null;
  let pressed = false;
  const stop = () => clearTimeout(waiting);
  on.addEventListener("pointerdown", (event) => {
    stop();
    pressed = false;
    if (event.pointerType === "mouse") return;
    from = event;
    waiting = setTimeout(() => {
      pressed = true;
      act();
    }, PRESSED_MS);
  });
  on.addEventListener("pointermove", (event) => {
    if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > STILL_PX) stop();
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) on.addEventListener(name, stop);
  on.addEventListener("contextmenu", (event) => {
    if (byTouch()) event.preventDefault();
  });
  on.addEventListener("click", (event) => {
    if (pressed) event.stopImmediatePropagation();
    pressed = false;
  }, { capture: true });
};
