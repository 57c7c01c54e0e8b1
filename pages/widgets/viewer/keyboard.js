// Keys of the viewer, and when they are the viewer's at all. The help panel is made from the
// same table, so that it cannot promise a key that does nothing. R and C are left to Streamlit.

const PAN_STEP = 0.08;
const ZOOM_STEP = 1.25;

const KEYS = [
  { group: "Move", keys: ["+", "="], shown: "+", says: "Zoom in", act: (v) => v.zoomBy(ZOOM_STEP) },
  { keys: ["-", "_"], shown: "−", says: "Zoom out", act: (v) => v.zoomBy(1 / ZOOM_STEP) },
  { keys: ["0", "f"], shown: "0 or F", says: "Fit to the window", act: (v) => v.fit() },
  { keys: ["1"], shown: "1", says: "One pixel to one pixel", act: (v) => v.oneToOne() },
  { keys: ["ArrowLeft"], arrow: true, act: (v) => v.panShare(PAN_STEP, 0) },
  { keys: ["ArrowRight"], arrow: true, act: (v) => v.panShare(-PAN_STEP, 0) },
  { keys: ["ArrowUp"], arrow: true, act: (v) => v.panShare(0, PAN_STEP) },
  { keys: ["ArrowDown"], arrow: true, act: (v) => v.panShare(0, -PAN_STEP) },
  { shown: "Arrows", says: "Move the picture" },
  { keys: ["PageDown"], act: (v, event) => v.stepCase(1, event.repeat) },
  { keys: ["PageUp"], act: (v, event) => v.stepCase(-1, event.repeat) },
  { shown: "Page Up/Down", says: "Previous and next case" },
  { group: "Overlay", keys: ["p"], shown: "P", says: "Prediction", act: (v) => v.setLayer("prediction") },
  { keys: ["t"], shown: "T", says: "Truth", act: (v) => v.setLayer("truth") },
  { keys: ["e"], shown: "E", says: "Errors", act: (v) => v.setLayer("errors") },
  { keys: ["m"], shown: "M", says: "Probability map", act: (v) => v.setLayer("heat") },
  { keys: ["i"], shown: "I", says: "Image only, and back", act: (v) => v.toggleImageOnly() },
  { keys: ["x"], shown: "X", says: "Fill, contour, both", act: (v) => v.nextStyle() },
  { keys: [","], act: (v) => v.stepOpacity(-0.05) },
  { keys: ["."], act: (v) => v.stepOpacity(0.05) },
  { shown: ", and .", says: "Opacity" },
  { group: "Threshold", keys: ["["], act: (v) => v.stepThreshold(-0.01) },
  { keys: ["]"], act: (v) => v.stepThreshold(0.01) },
  { keys: ["{"], act: (v) => v.stepThreshold(-0.05) },
  { keys: ["}"], act: (v) => v.stepThreshold(0.05) },
  { shown: "[ and ]", says: "Threshold by 0.01; with Shift by 0.05" },
  { group: "Window", keys: ["v"], shown: "V", says: "Next preset", act: (v) => v.nextWindow() },
  { keys: ["w"], shown: "W", says: "Drag sets the window, on and off", act: (v) => v.toggleTool() },
  { keys: ["Shift+ArrowLeft"], arrow: true, act: (v) => v.stepWindow(-1, 0) },
  { keys: ["Shift+ArrowRight"], arrow: true, act: (v) => v.stepWindow(1, 0) },
  { keys: ["Shift+ArrowUp"], arrow: true, act: (v) => v.stepWindow(0, -1) },
  { keys: ["Shift+ArrowDown"], arrow: true, act: (v) => v.stepWindow(0, 1) },
  { shown: "Shift + arrows", says: "Width and level" },
  { group: "Compare", keys: ["s"], shown: "S", says: "Swipe divider, on and off", act: (v) => v.toggleSwipe() },
  { shown: "Arrows", says: "Move the divider while it has the focus" },
  { group: "Help", keys: ["?"], shown: "?", says: "This panel", act: (v) => v.toggleHelp() },
  { keys: ["Escape"], shown: "Esc", says: "Close; leave a tool", act: (v) => v.escape() },
];

const KEY_OF = new Map(KEYS.flatMap((one) => (one.keys ?? []).map((key) => [key, one])));

// Elements outside that use keys themselves while they have the focus.
const USES_KEYS = "input, textarea, select, iframe, canvas, [contenteditable=''], " +
  "[contenteditable='true'], [role='slider'], [role='spinbutton'], [role='combobox'], " +
  "[role='listbox'], [role='textbox'], [role='tab'], [role='menu'], [role='menuitem'], " +
  "[role='radio'], [role='grid'], [role='dialog']";

class Keyboard {
  constructor(root, host, viewer, signal) {
    this.host = host;
    this.viewer = viewer;
    this.pointerOver = false;
    root.addEventListener("pointerenter", () => { this.pointerOver = true; }, { signal });
    root.addEventListener("pointerleave", () => { this.pointerOver = false; }, { signal });
    document.addEventListener("keydown", (event) => this.press(event), { signal });
  }

  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.composedPath().includes(this.host);
    if (!inside && !this.mayBorrow(event)) return;
    const one = this.find(event, inside ? event.composedPath()[0] : null);
    if (!one || one.act(this.viewer, event) === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The pointer is over the picture, and nothing that has the focus wants the key.
  mayBorrow() {
    const focused = document.activeElement;
    return this.pointerOver && !focused?.shadowRoot && !focused?.closest(USES_KEYS);
  }

  find(event, target) {
    const arrow = event.key.startsWith("Arrow");
    const one = KEY_OF.get(arrow && event.shiftKey ? `Shift+${event.key}` : event.key) ??
      KEY_OF.get(event.key.toLowerCase());
    if (!one || one.keys.includes("Escape")) return one;
    // A field types its own characters; sliders and buttons of ours keep their own arrows.
    if (target?.matches?.("select, input[type='number']")) return null;
    if (arrow && target?.matches?.("input, [role='slider']")) return null;
    if (event.key.startsWith("Page") && target?.matches?.("[type='range'], [role='slider']")) return null;
    return one;
  }
}

function fillHelp(list) {
  list.replaceChildren();
  let section;
  for (const one of KEYS) {
    if (one.group) {
      section = document.createElement("section");
      const title = document.createElement("h3");
      title.textContent = one.group;
      section.append(title);
      list.append(section);
    }
    if (!one.shown) continue;
    const line = document.createElement("p");
    const key = document.createElement("kbd");
    key.textContent = one.shown;
    const says = document.createElement("span");
    says.textContent = one.says;
    line.append(key, says);
    section.append(line);
  }
}
