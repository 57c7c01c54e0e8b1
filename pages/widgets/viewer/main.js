// One viewer: settings, the frame, and what every control, key and gesture may do to them.

const FRAME = "viewer-frame";
const FRAMES_KEPT = 2000;
const SHARED_PLANES = new PlaneCache();
const VIEWERS = new WeakMap();
const STYLES = ["fill", "contour", "both"];

class Viewer {
  constructor(root) {
    this.root = root;
    this.stop = new AbortController();
    const find = (name) => root.querySelector(`.${name}`);
    this.part = {
      viewer: find("viewer"), stage: find("stage"), legend: find("legend"), state: find("state"),
      readout: find("readout"), scale: find("scale"), scaleBar: root.querySelector(".scale i"),
      scaleText: root.querySelector(".scale span"), divider: find("divider"),
      message: find("message"), help: find("help"), spoken: find("spoken"),
      crosshair: find("crosshair"),
    };
    this.settings = {
      layer: "prediction", style: "both", opacity: 0.45, threshold: 0.5, low: 0, high: 255,
      preset: 0, tool: "pan", swipe: null,
    };
    this.wishedLayer = "prediction";
    this.view = new View();
    this.raster = new Raster(root.querySelector("canvas"));
    this.frame = 0;
    this.frames = 0;
    this.point = null;
    this.connect();
  }

  connect() {
    const { signal } = this.stop;
    this.loader = new Loader(SHARED_PLANES, {
      dropped: () => this.dropped(), waiting: () => this.say("Loading…"),
      image: () => this.imageArrived(), complete: () => this.arrived(),
      failed: (text) => this.say(text, true),
    });
    this.corners = new Corners(this.part);
    this.controls = new Controls(this.root, this, signal);
    this.gestures = new Gestures(this.part.stage, {
      pixelRatio: () => this.ratio(), windowTool: () => this.settings.tool === "window",
      pan: (x, y) => this.change(() => this.view.panBy(x, y), true),
      zoom: (by, x, y) => this.change(() => this.view.zoomTo(this.view.zoom * by, x, y), true),
      window: (x, y) => this.dragWindow(x, y), hover: (at) => this.hover(at),
      grip: (mode) => this.part.stage.setAttribute("data-grip", mode ?? ""),
    }, signal);
    this.divider = new Divider(this.part.divider, this.gestures,
      (x) => this.setSwipe(x / this.view.canvasWidth), signal);
    this.part.divider.addEventListener("keydown", (event) => this.dividerKey(event), { signal });
    this.keyboard = new Keyboard(this.part.viewer, this.root.host, this, signal);
    fillHelp(this.root.querySelector(".help .keys"));
    this.root.querySelector(".close").addEventListener("click", () => this.toggleHelp(), { signal });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.part.stage);
  }

  destroy() {
    this.stop.abort();
    this.sizes.disconnect();
    this.loader.stop();
    this.controls.stop();
    cancelAnimationFrame(this.frame);
    this.destroyed = true;
  }

  // ---- what Python says

  update(data, send) {
    const first = !this.data;
    this.send = send;
    this.data = data;
    if ((first || data.revision !== this.revision) && !this.controls.dragging) {
      this.settings.threshold = this.sent = data.threshold;
      this.revision = data.revision;
    }
    this.part.viewer.style.setProperty("--height", `${data.height_px}px`);
    this.part.stage.setAttribute("aria-label", `Picture of ${data.case}. Press ? for keys.`);
    this.loader.want(data);
    this.sync();
  }

  dropped() {
    this.say(null);
    this.redraw(true);
  }

  imageArrived() {
    const { width, height, spacing_mm: spacing } = this.data;
    this.view.setPicture(width, height, spacing);
    this.settings.swipe = null;
    this.applyPreset(0);
    this.point = null;
    this.redraw(true);
  }

  arrived() {
    this.say(null);
    this.sync();
    this.redraw(true);
  }

  say(text, failed = false) {
    this.part.message.hidden = text === null;
    this.part.message.textContent = text ?? "";
    this.part.message.classList.toggle("failed", failed);
    const ready = text === null && this.loader.picture !== null;
    this.part.viewer.setAttribute("data-state", failed ? "failed" : ready ? "ready" : "loading");
  }

  // ---- the frame

  ratio() {
    return window.devicePixelRatio || 1;
  }

  resize() {
    const width = Math.round(this.part.stage.clientWidth * this.ratio());
    const height = Math.round(this.part.stage.clientHeight * this.ratio());
    if (width === 0 || height === 0) return;
    this.raster.resize(width, height);
    this.view.resize(width, height);
    // Now, not at the next frame: a canvas of a new size is empty until it is painted.
    this.moved = true;
    this.draw();
  }

  change(act, moved = false) {
    act();
    this.redraw(moved);
  }

  redraw(moved = false) {
    this.moved ||= moved;
    if (this.frame === 0 && !this.destroyed) {
      this.frame = requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const start = performance.now();
    const { settings, loader, view } = this;
    if (loader.picture) {
      const overlay = loader.picture.overlay;
      this.raster.paint(loader.picture, view, {
        ...settings, layer: overlay ? settings.layer : "none", hasOverlay: overlay !== null,
        value: overlay?.argmax ? SCALE : thresholdValue(settings.threshold),
        swipe: settings.swipe === null ? null : settings.swipe * view.canvasWidth,
        edgeWidth: Math.min(PAD, Math.max(2, Math.round(1.5 * this.ratio()))),
      }, this.moved);
    } else this.raster.clear();
    this.moved = false;
    this.showNumbers();
    this.measure(start);
  }

  // Bounded: a browser keeps every measure until it is told not to.
  measure(start) {
    if (this.frames++ % FRAMES_KEPT === 0) performance.clearMeasures(FRAME);
    performance.measure(FRAME, { start, end: performance.now() });
  }

  showNumbers() {
    const { settings, view, data, corners } = this;
    const picture = this.loader.picture;
    const overlay = picture?.overlay ?? null;
    const value = overlay?.argmax ? SCALE : thresholdValue(settings.threshold);
    const numbers = `${value} ${overlay?.signature}`;
    if (numbers !== this.numbersMade) {
      this.controls.showScores(overlay, value, data?.spacing_mm ?? null);
      this.numbersMade = numbers;
    }
    this.controls.showThreshold(settings.threshold);
    this.divider.show(picture ? settings.swipe : null);
    corners.legend(overlay ? settings.layer : "none", settings.style, this.className());
    this.part.state.hidden = !picture;
    if (picture) corners.state(settings.low, settings.high, view.zoom);
    const finer = data?.spacing_mm && picture ? Math.min(...data.spacing_mm) : null;
    corners.scaleBar(
      finer && (finer / view.zoom) * this.ratio(), this.part.stage.clientWidth);
    this.showReadout(picture);
  }

  showReadout(picture) {
    this.part.crosshair.hidden = !picture || this.point !== "centre";
    const { canvasWidth, canvasHeight } = this.view;
    const at = this.point === "centre" ? { x: canvasWidth / 2, y: canvasHeight / 2 } : this.point;
    const [x, y] = at ? this.view.toImage(at.x, at.y).map(Math.floor) : [-1, -1];
    const on = picture && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
    this.corners.readout(on ? readPixel(picture, this.data, x, y) : null);
  }

  className() {
    return this.data ? nameOf(this.data, this.data.shown_class) : "";
  }

  hover(at) {
    this.point = at;
    this.redraw();
  }

  // ---- settings

  layers() {
    const { truth, probability } = this.data;
    return ["prediction", "truth", "errors", "heat", "none"].filter((layer) =>
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
    this.sync();
  }

  toggleImageOnly() {
    const now = this.settings.layer;
    this.setLayer(now === "none" ? this.layerBefore ?? this.layers()[0] : "none");
    this.layerBefore = now === "none" ? this.layerBefore : now;
  }

  setStyle(style) {
    this.settings.style = style;
    this.sync();
  }

  nextStyle() {
    this.setStyle(STYLES[(STYLES.indexOf(this.settings.style) + 1) % STYLES.length]);
  }

  setOpacity(opacity) {
    this.settings.opacity = Math.min(Math.max(Math.round(opacity * 100) / 100, 0), 1);
    this.redraw();
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
    const scores = [...this.controls.scores.children].map((item) => item.textContent);
    this.part.spoken.textContent = [`Threshold ${threshold.toFixed(2)}`, ...scores].join(", ");
  }

  // ---- window

  applyPreset(index) {
    const preset = this.data.windows[index];
    Object.assign(this.settings, { low: preset.low, high: preset.high, preset: index });
    this.controls.presets(this.data.windows, index);
  }

  setWindow(index) {
    if (index >= this.data.windows.length) return;
    this.applyPreset(index);
    this.redraw();
  }

  nextWindow() {
    this.setWindow((this.settings.preset + 1) % this.data.windows.length);
  }

  // Right widens, down brightens, as in other viewers; a stage's width doubles the range.
  dragWindow(x, y) {
    const { settings, view, data } = this;
    const reach = Math.max(data.windows[0].high - data.windows[0].low, 1e-6);
    const width = Math.max(
      settings.high - settings.low + (x / view.canvasWidth) * 2 * reach, reach / 500);
    const level = (settings.high + settings.low) / 2 - (y / view.canvasHeight) * 1.5 * reach;
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

// Streamlit calls this again whenever the data changes, and may call a superseded cleanup
// after that; only the cleanup of the latest call may take the viewer down.
export default function mount({ parentElement, data, setStateValue }) {
  let viewer = VIEWERS.get(parentElement);
  if (!viewer) {
    viewer = new Viewer(parentElement);
    VIEWERS.set(parentElement, viewer);
  }
  const call = (viewer.call = {});
  viewer.update(data, setStateValue);
  return () => {
    if (viewer.call !== call) return;
    viewer.destroy();
    VIEWERS.delete(parentElement);
  };
}
