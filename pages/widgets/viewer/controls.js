// The rows under the picture: they show the settings and say when a hand changes them.

const COMMIT_DELAY_MS = 350;

const NO_THRESHOLD = "No threshold here: each pixel goes to its most probable class.";
const NO_PREDICTION = "There is no prediction for this case.";
const NO_TRUTH = "There is no reference mask for this case.";

class Controls {
  constructor(root, viewer, signal) {
    this.root = root;
    this.viewer = viewer;
    this.signal = signal;
    this.scores = root.querySelector(".scores");
    this.threshold = this.named("threshold");
    this.number = this.named("threshold_number");
    this.opacity = this.named("opacity");
    this.window = this.named("window");
    this.dragging = false;
    this.timer = 0;
    this.listen();
    this.listenThreshold();
  }

  named(name) {
    return this.root.querySelector(`[name="${name}"]`);
  }

  on(element, type, handler) {
    element.addEventListener(type, handler, { signal: this.signal });
  }

  listen() {
    const { viewer } = this;
    this.on(this.opacity, "input", () => viewer.setOpacity(Number(this.opacity.value)));
    this.on(this.window, "change", () => viewer.setWindow(Number(this.window.value)));
    for (const radio of this.root.querySelectorAll("input[type='radio']")) {
      this.on(radio, "change", () =>
        radio.name === "layer" ? viewer.setLayer(radio.value) : viewer.setStyle(radio.value));
    }
    const press = {
      tool: () => viewer.toggleTool(), swipe: () => viewer.toggleSwipe(),
      out: () => viewer.zoomBy(1 / ZOOM_STEP), in: () => viewer.zoomBy(ZOOM_STEP),
      fit: () => viewer.fit(), one: () => viewer.oneToOne(), help: () => viewer.toggleHelp(),
    };
    for (const [name, act] of Object.entries(press)) this.on(this.named(name), "click", act);
  }

  // The server hears of a threshold when the hand lets go, never on the way. Keys have no
  // clear end: the last one counts once none has followed for a moment.
  listenThreshold() {
    const { threshold, number, viewer } = this;
    this.on(threshold, "pointerdown", () => {
      this.dragging = true;
      clearTimeout(this.timer);
    });
    const drop = () => {
      if (!this.dragging) return;
      this.dragging = false;
      viewer.commitThreshold();
    };
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.on(threshold, type, drop);
    }
    this.on(threshold, "input", () => viewer.setThreshold(Number(threshold.value)));
    // A drag's only "change" comes on release, also where the pointer has left the slider.
    this.on(threshold, "change", () => (this.dragging ? drop() : this.commitSoon()));
    this.on(number, "input", () => {
      if (number.value !== "" && number.checkValidity()) viewer.setThreshold(Number(number.value));
    });
    this.on(number, "change", () => this.commitSoon());
  }

  commitSoon() {
    clearTimeout(this.timer);
    if (!this.dragging) this.timer = setTimeout(() => this.viewer.commitThreshold(), COMMIT_DELAY_MS);
  }

  stop() {
    clearTimeout(this.timer);
  }

  // Options of the window list; "custom" appears once a drag has left the presets.
  presets(windows, chosen) {
    const names = windows.map((one) => one.name);
    if (chosen === -1) names.push("Custom");
    const wanted = JSON.stringify(names);
    if (wanted !== this.presetsMade) {
      this.window.replaceChildren(...names.map((name, i) => {
        const option = document.createElement("option");
        option.textContent = name;
        option.value = String(i);
        return option;
      }));
      this.presetsMade = wanted;
    }
    this.window.value = String(chosen === -1 ? windows.length : chosen);
  }

  show(settings, layers, data) {
    const fixed = data.decision === "argmax" || !data.probability;
    const why = data.probability ? NO_THRESHOLD : NO_PREDICTION;
    this.threshold.disabled = this.number.disabled = fixed;
    this.root.querySelector(".threshold").title = fixed ? why
      : "A pixel belongs to the class where its probability is at least this";
    this.showThreshold(settings.threshold);
    this.opacity.value = String(settings.opacity);
    for (const radio of this.root.querySelectorAll("input[type='radio']")) {
      const layer = radio.name === "layer";
      radio.checked = radio.value === (layer ? settings.layer : settings.style);
      radio.disabled = layer && !layers.includes(radio.value);
      // On the input as well: what a label's title says, a screen reader does not.
      radio.title = radio.parentElement.title = radio.disabled ? whyMissing(radio.value, data) : "";
    }
    this.named("tool").setAttribute("aria-pressed", String(settings.tool === "window"));
    this.named("swipe").setAttribute("aria-pressed", String(settings.swipe !== null));
  }

  showThreshold(threshold) {
    this.threshold.value = String(threshold);
    this.threshold.style.setProperty("--share", `${threshold * 100}%`);
    this.opacity.style.setProperty("--share", `${this.opacity.value * 100}%`);
    // A field that is being typed into belongs to the typist.
    if (this.root.activeElement !== this.number) this.number.value = threshold.toFixed(2);
  }

  // In place where the names stay, so that a definition under the pointer stays open.
  showScores(overlay, value, spacing) {
    const items = scoreItems(overlay, value, spacing);
    const names = items.map((item) => item.name).join();
    if (names !== this.scoreNames) this.scores.replaceChildren(...items.map(scoreElement));
    this.scoreNames = names;
    items.forEach((item, i) => {
      this.scores.children[i].title = item.title;
      this.scores.children[i].lastChild.textContent = item.text;
    });
  }

  scoresText() {
    return [...this.scores.children].map((one) =>
      `${one.firstChild.textContent} ${one.lastChild.textContent}`).join(", ");
  }
}

// Why a layer cannot be chosen.
function whyMissing(layer, { truth, probability }) {
  if (layer === "truth") return NO_TRUTH;
  if (layer !== "errors") return NO_PREDICTION;
  const missing = [truth ? "" : NO_TRUTH, probability ? "" : NO_PREDICTION].filter(Boolean);
  return `Errors compare a prediction with a reference mask. ${missing.join(" ")}`;
}

function scoreItems(overlay, value, spacing) {
  if (!overlay?.hasProbability) return [];
  const scores = scoresAt(overlay.tails, value);
  if (!overlay.hasTruth) {
    const area = spacing ? scores.predicted * spacing[0] * spacing[1] : null;
    const pixels = `${scores.predicted.toLocaleString("en")} px`;
    const text = area === null ? pixels : `${pixels}, ${tidyArea(area)} mm²`;
    return [scoreItem("Area", text, "What is predicted at this threshold")];
  }
  const empty = scores.wanted === 0 && scores.predicted === 0;
  return [
    scoreItem("Dice", scores.dice.toFixed(3), empty
      ? "Both masks are empty: they agree, so 1"
      : "2 TP / (2 TP + FP + FN): overlap of prediction and truth, 1 is best"),
    scoreItem("Sensitivity", share(scores.sensitivity), scores.sensitivity === null
      ? "Undefined: the truth has no pixel of this class"
      : "TP / (TP + FN): share of the truth that was found"),
    scoreItem("Precision", share(scores.precision), scores.precision === null
      ? "Undefined: no pixel is predicted at this threshold"
      : "TP / (TP + FP): share of the prediction that is right"),
  ];
}

function share(value) {
  return value === null ? "–" : value.toFixed(3);
}

function tidyArea(area) {
  return area.toLocaleString("en", { maximumFractionDigits: area < 10 ? 2 : area < 100 ? 1 : 0 });
}

function scoreItem(name, text, title) {
  return { name, text, title };
}

function scoreElement({ name }) {
  const item = document.createElement("div");
  const term = document.createElement("dt");
  term.textContent = name;
  item.append(term, document.createElement("dd"));
  return item;
}
