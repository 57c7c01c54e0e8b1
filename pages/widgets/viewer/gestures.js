// Pointer and wheel on the picture: pan, zoom, window, readout, swipe. Positions are passed on
// in device pixels of the canvas.

const WHEEL_ZOOM = 0.0015;
const WHEEL_LINE_PX = 16;

class Gestures {
  constructor(stage, actions, signal) {
    this.stage = stage;
    this.actions = actions;
    this.pointers = new Map();
    this.mode = null;
    const listen = (type, handler, options) =>
      stage.addEventListener(type, handler.bind(this), { signal, ...options });
    listen("pointerdown", this.down);
    listen("pointermove", this.move);
    listen("pointerup", this.up);
    listen("pointercancel", this.up);
    // A finger that lifts also leaves; what it read stays to be read.
    listen("pointerleave", (event) => event.pointerType === "touch" || actions.hover(null));
    listen("wheel", this.wheel, { passive: false });
    listen("contextmenu", (event) => event.preventDefault());
  }

  place(event) {
    const box = this.stage.getBoundingClientRect();
    const ratio = this.actions.pixelRatio();
    return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
  }

  down(event) {
    if (event.target.closest("[data-own-pointer]")) return;
    // A primary press must not start selecting text, yet must still focus the stage.
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.capture(event);
    this.pointers.set(event.pointerId, this.place(event));
    const windows = event.button === 2 || event.shiftKey || this.actions.windowTool();
    this.mode = this.pointers.size > 1 ? "pinch" : windows ? "window" : "pan";
    this.actions.hover(this.place(event));
    this.actions.grip(this.mode);
  }

  capture(event) {
    try {
      this.stage.setPointerCapture(event.pointerId);
    } catch {
      // The pointer may already be gone; the drag then ends at the picture's rim.
    }
  }

  move(event) {
    const now = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (!event.target.closest("[data-own-pointer]")) this.actions.hover(now);
      return;
    }
    const span = this.span();
    this.pointers.set(event.pointerId, now);
    const x = now.x - before.x;
    const y = now.y - before.y;
    if (this.mode === "pan") this.actions.pan(x, y);
    if (this.mode === "window") this.actions.window(x, y);
    if (this.mode === "pinch") this.pinch(span, x, y);
    this.actions.hover(now);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.mode = this.pointers.size === 0 ? null : "pan";
    this.actions.grip(this.mode);
  }

  // Distance and middle of two fingers.
  span() {
    const [a, b] = [...this.pointers.values()];
    if (!b) return null;
    return { apart: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  pinch(before, x, y) {
    const now = this.span();
    if (!before || !now || before.apart === 0) return;
    this.actions.pan(x / 2, y / 2); // One finger of two moved the middle by half.
    this.actions.zoom(now.apart / before.apart, now.x, now.y);
  }

  wheel(event) {
    if (event.target.closest(".help")) return; // It scrolls by itself.
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE_PX : 1;
    // A trackpad's pinch comes as a wheel with Ctrl, in far smaller steps.
    const gain = event.ctrlKey ? 6 : 1;
    const { x, y } = this.place(event);
    this.actions.zoom(Math.exp(-event.deltaY * lines * gain * WHEEL_ZOOM), x, y);
  }
}

// The divider between with and without overlay: drag, or arrow keys when it has the focus.
class Divider {
  constructor(element, gestures, onMove, signal) {
    this.element = element;
    const listen = (type, handler) => element.addEventListener(type, handler, { signal });
    let held = false;
    listen("pointerdown", (event) => {
      held = true;
      event.preventDefault();
      element.focus({ preventScroll: true });
      try {
        element.setPointerCapture(event.pointerId);
      } catch {
        // As for the stage.
      }
    });
    listen("pointermove", (event) => {
      if (held) onMove(gestures.place(event).x);
    });
    for (const end of ["pointerup", "pointercancel"]) listen(end, () => { held = false; });
  }

  // `share`: 0..1 of the stage's width, or null to hide.
  show(share) {
    this.element.hidden = share === null;
    if (share === null) return;
    this.element.style.left = `${share * 100}%`;
    this.element.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }
}
