// What every control, key and gesture may do: each changes a setting or the view, and asks for
// a frame. Nothing here goes to the server but a threshold that was let go of.

const STYLES = ["fill", "contour", "both"];
const LAYERS = ["prediction", "truth", "errors", "heat", "none"];

// Heard by whatever lets the user choose a case; `detail` is +1 or -1. Who answers it cancels it.
const STEP_CASE = "seg:step-case";

// The viewer is one of these; `settings`, `view`, `part`, `controls` and `data` are its own.
class Actions {
  layers() {
    const { truth, probability } = this.data;
    return LAYERS.filter((layer) =>
      layer === "none" || (layer === "truth" ? truth
        : layer === "errors" ? truth && probability : probability));
  }

  sync() {
    if (!this.data) return;
    const layers = this.layers();
    this.settings.layer = layers.includes(this.wishedLayer) ? this.wishedLayer : layers[0];
    this.controls.presets(this.data.windows, this.settings.preset);
    this.controls.show(this.settings, layers, this.data);
    this.redraw(this.settings.layer === "heat");
  }

  setLayer(layer) {
    if (!this.layers().includes(layer)) return;
    this.wishedLayer = layer;
    this.keepLook();
    this.sync();
  }

  toggleImageOnly() {
    const now = this.settings.layer;
    this.setLayer(now === "none" ? this.layerBefore ?? this.layers()[0] : "none");
    this.layerBefore = now === "none" ? this.layerBefore : now;
  }

  setStyle(style) {
    this.settings.style = style;
    this.keepLook();
    this.sync();
  }

  nextStyle() {
    this.setStyle(STYLES[(STYLES.indexOf(this.settings.style) + 1) % STYLES.length]);
  }

  setOpacity(opacity) {
    this.settings.opacity = Math.min(Math.max(Math.round(opacity * 100) / 100, 0), 1);
    this.keepLook();
    this.redraw();
  }

  keepLook() {
    writeLook(this.wishedLayer, this.settings.style, this.settings.opacity);
  }

  stepOpacity(by) {
    this.setOpacity(this.settings.opacity + by);
    this.sync();
  }

  setThreshold(threshold) {
    if (this.controls.threshold.disabled) return;
    this.settings.threshold = Math.min(Math.max(Math.round(threshold * 100) / 100, 0), 1);
    this.redraw();
  }

  stepThreshold(by) {
    this.setThreshold(this.settings.threshold + by);
    this.controls.commitSoon();
  }

  commitThreshold() {
    const { threshold } = this.settings;
    if (threshold === this.sent || this.controls.dragging) return;
    this.sent = threshold;
    this.send("threshold", threshold);
    this.part.spoken.textContent = `Threshold ${threshold.toFixed(2)}. ${this.controls.scoresText()}`;
  }

  // ---- window

  // A preset chosen by hand stays along its series, by name: bone stays bone. Between unrelated
  // pictures one name means unrelated intensities, so there each starts from its own default.
  startWindow() {
    const { windows } = this.data;
    if (this.chosen?.series !== seriesOf(this.data)) this.chosen = null;
    const index = windows.findIndex((one) => one.name === this.chosen?.preset);
    this.applyPreset(Math.max(index, 0));
  }

  applyPreset(index) {
    const preset = this.data.windows[index];
    Object.assign(this.settings, { low: preset.low, high: preset.high, preset: index });
    this.controls.presets(this.data.windows, index);
  }

  setWindow(index) {
    if (index >= this.data.windows.length) return;
    this.applyPreset(index);
    this.chosen = { preset: this.data.windows[index].name, series: seriesOf(this.data) };
    this.redraw();
  }

  nextWindow() {
    this.setWindow((this.settings.preset + 1) % this.data.windows.length);
  }

  // As in OHIF: to the right widens, down raises the level, so darkens.
  dragWindow(x, y) {
    const { settings, view, data } = this;
    const reach = Math.max(data.windows[0].high - data.windows[0].low, 1e-6);
    const width = Math.max(
      settings.high - settings.low + (x / view.canvasWidth) * 2 * reach, reach / 500);
    const level = (settings.high + settings.low) / 2 + (y / view.canvasHeight) * 1.5 * reach;
    Object.assign(settings, { low: level - width / 2, high: level + width / 2, preset: -1 });
    this.controls.presets(data.windows, -1);
    this.redraw();
  }

  stepWindow(x, y) {
    this.dragWindow(x * 0.02 * this.view.canvasWidth, y * 0.02 * this.view.canvasHeight);
  }

  toggleTool() {
    this.settings.tool = this.settings.tool === "window" ? "pan" : "window";
    this.part.stage.setAttribute("data-tool", this.settings.tool);
    this.sync();
  }

  // ---- zoom and pan by keys and buttons

  fit() {
    this.change(() => this.view.fit(), true);
  }

  oneToOne() {
    this.change(() => this.view.zoomTo(1), true);
  }

  zoomBy(by) {
    const at = this.point && this.point !== "centre" ? this.point : {};
    const overButtons = this.root.activeElement?.matches("button");
    this.change(() =>
      this.view.zoomTo(this.view.zoom * by, ...(overButtons ? [] : [at.x, at.y])), true);
  }

  // Without a pointer, the readout tells what is under the middle.
  panShare(x, y) {
    if (this.point === null) this.point = "centre";
    this.change(() => this.view.panBy(x * this.view.canvasWidth, y * this.view.canvasHeight), true);
  }

  // ---- another case

  // A held key waits for each case before it asks for the next. False: nobody offers cases, or
  // the help panel is open, which the key then scrolls.
  stepCase(by, isRepeat) {
    if (!this.part.help.hidden) return false;
    if (isRepeat && this.stepping) return true;
    this.stepping = true;
    return !window.dispatchEvent(new CustomEvent(STEP_CASE, { detail: by, cancelable: true }));
  }

  // ---- swipe and help

  setSwipe(share) {
    this.settings.swipe = share === null ? null : Math.min(Math.max(share, 0), 1);
    this.redraw();
  }

  toggleSwipe() {
    this.setSwipe(this.settings.swipe === null ? 0.5 : null);
    this.sync();
    this.divider.show(this.settings.swipe);
    (this.settings.swipe === null ? this.part.stage : this.part.divider).focus();
  }

  dividerKey(event) {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.setSwipe(this.settings.swipe + step);
  }

  toggleHelp() {
    const { help, stage } = this.part;
    help.hidden = !help.hidden;
    this.controls.named("help").setAttribute("aria-expanded", String(!help.hidden));
    if (!help.hidden) this.focusBefore = this.root.activeElement;
    (help.hidden ? this.focusBefore ?? stage : help.querySelector(".close"))
      .focus({ preventScroll: true });
  }

  // False: there was nothing to leave, so the key is someone else's.
  escape() {
    if (!this.part.help.hidden) this.toggleHelp();
    else if (this.settings.tool === "window") this.toggleTool();
    else if (this.settings.swipe !== null) this.toggleSwipe();
    else return false;
    return true;
  }
}

// Without a series a case is related to itself only.
function seriesOf(data) {
  return JSON.stringify(data.series ? [data.series] : ["", data.case]);
}
