// Turning happens here; only what a hand let go of is sent.

const PANELS = new WeakMap();
const SENT_MS = 4000; // after which a turn the server did not mention is given up
const KEYS_MS = 350; // a held arrow key is one turn
const MARKS = { alpha: "#E69F00", beta: "#CC79A7" }; // false positive, false negative

class Panel {
  constructor(form) {
    this.form = form;
    this.rows = new Map();
    this.sent = new Map(); // by control: { value, at }
    this.timers = new Map();
    this.lock = form.querySelector(".lock input");
    form.addEventListener("submit", (event) => event.preventDefault());
    this.lock.addEventListener("change", () => this.relock());
  }

  update(data, send) {
    const fresh = this.data?.run !== data.run ||
      this.data.controls.length !== data.controls.length;
    this.data = data;
    this.send = send;
    if (fresh) this.build();
    for (const control of data.controls) this.follow(control);
    this.form.dataset.disabled = String(Boolean(data.disabled));
    for (const input of this.form.querySelectorAll("input")) input.disabled = Boolean(data.disabled);
    this.form.querySelector(".told").textContent = data.disabled || data.told;
    this.explain();
  }

  build() {
    const [costs, folded] = [".costs", ".folded"].map((one) => this.form.querySelector(one));
    costs.replaceChildren();
    folded.replaceChildren();
    this.rows.clear();
    this.sent.clear();
    for (const control of this.data.controls) {
      const row = makeRow(control);
      (control.is_folded ? folded : costs).append(row.element);
      this.rows.set(control.name, row);
      for (const input of row.inputs) this.listen(control.name, row, input);
    }
    const [alpha, beta] = this.data.controls;
    this.lock.checked = Math.abs(now(alpha) + now(beta) - 1) < 1e-6;
  }

  listen(name, row, input) {
    const { slider } = row;
    input.addEventListener("pointerdown", () => { row.held = true; row.keys = false; });
    input.addEventListener("keydown", () => { row.keys = true; });
    for (const type of ["pointerup", "pointercancel", "blur"]) {
      input.addEventListener(type, () => { row.held = false; });
    }
    input.addEventListener("input", () => {
      if (!input.checkValidity() || input.value === "") return;
      row.touched = performance.now();
      this.show(name, Number(input.value), input);
      this.pair(name, Number(input.value));
      this.explain();
    });
    input.addEventListener("change", () => {
      row.held = false;
      if (input === slider && row.keys) this.soon(name);
      else if (input.checkValidity() && input.value !== "") this.turn(name);
      else this.follow(this.control(name), true);
    });
  }

  // Each press of an arrow key is a change of a slider: a moment's rest ends the turn.
  soon(name) {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(() => this.turn(name), KEYS_MS));
  }

  // While locked, the other one is what is left to 1.
  pair(name, value) {
    const other = { alpha: "beta", beta: "alpha" }[name];
    if (!other || !this.lock.checked) return;
    if (value > 1) { this.lock.checked = false; return; }
    this.show(other, round(1 - value));
    this.rows.get(other).touched = performance.now();
  }

  relock() {
    if (!this.lock.checked) return;
    const alpha = this.value("alpha"), sum = alpha + this.value("beta");
    const share = sum > 0 ? round(alpha / sum) : 0.5;
    this.show("alpha", share);
    this.show("beta", round(1 - share));
    this.explain();
    this.turn("alpha");
  }

  turn(name) {
    const names = ["alpha", "beta"].includes(name) ? ["alpha", "beta"] : [name];
    const values = {};
    for (const one of names) {
      const value = this.value(one);
      if (value !== now(this.control(one))) values[one] = value;
    }
    if (!Object.keys(values).length || this.data.disabled) return;
    for (const [one, value] of Object.entries(values)) {
      this.sent.set(one, { value, at: performance.now() });
      this.rows.get(one).element.dataset.asked = "true";
    }
    this.send("turned", values);
    // A turn that came to nothing is not left standing.
    setTimeout(() => { for (const control of this.data.controls) this.follow(control); }, SENT_MS + 100);
  }

  // What the run has, unless a hand is on it or a turn is under way.
  follow(control, anyway = false) {
    const row = this.rows.get(control.name), sent = this.sent.get(control.name);
    const recent = (at) => at !== undefined && performance.now() - at < SENT_MS;
    if (sent && (now(control) === sent.value || !recent(sent.at))) this.sent.delete(control.name);
    const waits = this.sent.has(control.name);
    row.element.dataset.asked = String(waits || control.asked !== null);
    const typing = row.number === row.number.getRootNode().activeElement &&
      performance.now() - (row.touched ?? -Infinity) < SENT_MS;
    const turning = performance.now() - (row.touched ?? -Infinity) < 2 * KEYS_MS;
    if (!anyway && (waits || row.held || typing || turning)) return;
    this.show(control.name, now(control));
  }

  show(name, value, except) {
    const { slider, number } = this.rows.get(name);
    if (number !== except) number.value = plain(value);
    if (!slider) return;
    if (slider !== except) slider.value = String(value);
    slider.style.setProperty("--at", `${100 * Math.min(value / Number(slider.max), 1)}%`);
  }

  explain() {
    const [alpha, beta] = [this.value("alpha"), this.value("beta")];
    this.form.querySelector(".meaning").textContent = meaning(alpha, beta);
  }

  value(name) { return Number(this.rows.get(name).number.value); }
  control(name) { return this.data.controls.find((one) => one.name === name); }
}

const now = (control) => control.asked ?? control.value;
const round = (value) => Math.round(value * 1e4) / 1e4;
const plain = (value) => String(Number(value.toPrecision(4)));

// As `seg.presets.costs_words` has it.
function meaning(alpha, beta) {
  if (alpha === beta) {
    return alpha ? "A false alarm and a miss cost the same."
      : "Nothing costs anything: nothing can be learned.";
  }
  const low = Math.min(alpha, beta), high = Math.max(alpha, beta);
  const times = low ? `${Number((high / low).toPrecision(2))} times as much as`
    : "something, and nothing";
  return beta > alpha
    ? `A miss costs ${times} a false alarm: it rather marks too much than too little.`
    : `A false alarm costs ${times} a miss: it rather marks too little than too much.`;
}

function makeRow(control) {
  const element = document.createElement("div");
  element.className = "row";
  const label = document.createElement("label");
  const name = document.createElement("b"), text = document.createElement("span");
  name.textContent = control.label;
  text.textContent = control.text;
  label.append(name, text);
  const number = makeInput("number", control, control.low, control.high, "any");
  number.id = `number-${control.name}`;
  label.htmlFor = number.id;
  element.append(label);
  let slider = null;
  if (control.slider !== null) {
    slider = makeInput("range", control, control.low, control.slider, "0.01");
    slider.style.setProperty("--mark", MARKS[control.name] ?? "var(--st-primary-color)");
    element.append(slider);
  } else {
    element.dataset.bare = "";
  }
  element.append(number);
  return { element, slider, number, inputs: slider ? [slider, number] : [number] };
}

function makeInput(type, control, low, high, step) {
  const input = document.createElement("input");
  Object.assign(input, { type, min: String(low), max: String(high), step });
  input.setAttribute("aria-label", `${control.label}: ${control.text}`);
  return input;
}

export default function mount({ data, parentElement, setTriggerValue }) {
  const form = parentElement.querySelector(".steer");
  const panel = PANELS.get(form) ?? new Panel(form);
  PANELS.set(form, panel);
  panel.update(data, setTriggerValue);
}
