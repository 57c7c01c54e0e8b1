// One viewer: what Python says, and the frame. What a hand does is in actions.js.

const FRAME = "viewer-frame";
const FRAMES_KEPT = 2000;
const SHARED_PLANES = new PlaneCache();
const VIEWERS = new WeakMap();

class Viewer extends Actions {
  constructor(root) {
    super();
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
      preset: 0, tool: "pan", swipe: null, ...readLook(),
    };
    this.wishedLayer = this.settings.layer;
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
      dropped: () => this.dropped(), waiting: () => this.say("loading", "Loading…"),
      image: () => this.imageArrived(), complete: () => this.arrived(),
      failed: (text) => this.say("failed", text),
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
    const before = this.data;
    this.send = send;
    this.data = data;
    if ((!before || data.revision !== this.revision) && !this.controls.dragging) {
      this.settings.threshold = this.sent = data.threshold;
      this.revision = data.revision;
    }
    this.part.viewer.style.setProperty("--height", `${data.height_px}px`);
    this.part.stage.setAttribute("aria-label", `Picture of ${data.name || data.case}. Press ? for keys.`);
    this.loader.want(data);
    if (before) this.follow(before);
    this.sync();
  }

  // What another case asks for beside its planes.
  follow(before) {
    const { data } = this;
    if (before.case !== data.case) {
      this.stepping = false;
      this.part.spoken.textContent = data.name || data.case;
      reveal(this.part.stage);
    } else if (before.series !== data.series && this.loader.picture) this.startWindow();
  }

  dropped() {
    this.say("loading");
    this.redraw(true);
  }

  imageArrived() {
    const { width, height, spacing_mm: spacing } = this.data;
    this.view.setPicture(width, height, spacing);
    this.startWindow();
    this.point = null;
    this.redraw(true);
  }

  arrived() {
    this.say("ready");
    this.sync();
    this.redraw(true);
  }

  say(state, text = "") {
    this.part.message.hidden = text === "";
    this.part.message.textContent = text;
    this.part.message.classList.toggle("failed", state === "failed");
    this.part.viewer.setAttribute("data-state", state);
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
    this.moved = this.stale = true;
    this.draw();
  }

  change(act, moved = false) {
    act();
    this.redraw(moved);
  }

  // `paint` false: only the readout changes, the pixels stay.
  redraw(moved = false, paint = true) {
    this.moved ||= moved;
    this.stale ||= paint;
    if (this.frame === 0 && !this.destroyed) {
      this.frame = requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const start = performance.now();
    if (this.stale) this.paint();
    this.moved = this.stale = false;
    this.showNumbers();
    this.measure(start);
  }

  paint() {
    const { settings, loader, view } = this;
    if (!loader.picture) {
      this.raster.clear();
      return;
    }
    const overlay = loader.picture.overlay;
    this.raster.paint(loader.picture, view, {
      ...settings,
      layer: overlay ? settings.layer : "none",
      hasOverlay: overlay !== null,
      value: this.value(overlay),
      swipe: settings.swipe === null ? null : settings.swipe * view.canvasWidth,
      edgeWidth: Math.min(PAD, Math.max(2, Math.round(1.5 * this.ratio()))),
    }, this.moved);
  }

  // Under argmax the decision's plane holds 0 or SCALE, whatever the slider says.
  value(overlay) {
    return overlay?.argmax ? SCALE : thresholdValue(this.settings.threshold);
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
    const value = this.value(overlay);
    const numbers = `${value} ${overlay?.signature}`;
    if (numbers !== this.numbersMade) {
      this.controls.showScores(overlay, value, data?.spacing_mm ?? null);
      this.numbersMade = numbers;
    }
    this.controls.showThreshold(settings.threshold);
    this.divider.show(picture ? settings.swipe : null);
    corners.legend(overlay ? settings.layer : "none", settings.style, this.className());
    this.part.state.hidden = !picture;
    if (picture) corners.state(data.name, settings.low, settings.high, view.zoom);
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
    this.redraw(false, false);
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
