// From samples to pixels: window, threshold, contour, colour; one putImageData a frame.

class Raster {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.sampler = new Sampler();
    this.tables = new BlendTables();
    this.windowed = new Uint8Array(65536);
    this.resize(1, 1);
  }

  resize(width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.sampler.resize(width, height);
    const { stride, rows } = this.sampler;
    this.labels = new Uint8Array(stride * rows);
    this.image = new ImageData(stride, rows);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.clear();
  }

  clear() {
    this.pixels.fill(GROUND);
    this.labels.fill(0);
    this.windowMade = "";
    this.show({ left: 0, right: this.sampler.stride, top: 0, bottom: this.sampler.rows });
  }

  show({ left, right, top, bottom }) {
    this.context.putImageData(this.image, -PAD, -PAD, left, top, right - left, bottom - top);
  }

  // `moved`: zoom, pan, size or planes changed since the last frame.
  paint(picture, view, settings, moved) {
    if (moved) {
      this.pixels.fill(GROUND);
      this.labels.fill(0);
      this.sampler.sample(picture, view, settings.layer === "heat");
    }
    this.prepareWindow(settings.low, settings.high, picture.range);
    this.tables.prepare(settings.layer, settings.style, settings.opacity);
    this.label(picture.overlay ? settings.layer : "none", settings.value + 1);
    if (settings.layer !== "none" && settings.style !== "fill" && picture.overlay) {
      this.drawEdges(settings.edgeWidth, settings.layer === "errors");
    }
    this.colour(picture.channels, settings);
    if (moved) this.show({ left: 0, right: this.sampler.stride, top: 0, bottom: this.sampler.rows });
    else this.show(this.sampler.rect);
  }

  // Intensity to grey. The midpoint rounds, so that low is black and high is white.
  prepareWindow(low, high, range) {
    const wanted = `${low} ${high} ${range}`;
    if (wanted === this.windowMade) return;
    const scale = 255 / Math.max(high - low, 1e-6);
    for (let value = 0; value < range; value++) {
      const grey = (value - low) * scale;
      this.windowed[value] = grey <= 0 ? 0 : grey >= 255 ? 255 : grey + 0.5;
    }
    this.windowMade = wanted;
  }

  label(layer, value) {
    const { labels } = this;
    const { evidence, stride, rect } = this.sampler;
    if (layer === "none") return labels.fill(0);
    const { inside, outside, missed } = evidence;
    for (let y = rect.top; y < rect.bottom; y++) {
      const from = y * stride + rect.left;
      const to = y * stride + rect.right;
      if (layer === "truth") {
        for (let i = from; i < to; i++) labels[i] = inside[i] > 0 ? 1 : 0;
      } else if (layer !== "errors") {
        for (let i = from; i < to; i++) {
          labels[i] = inside[i] >= value || outside[i] >= value ? 1 : 0;
        }
      } else this.labelErrors(from, to, y, value);
    }
    return labels;
  }

  // An error wins over a hit where both lie under one device pixel: it must not be hidden.
  // Misses are hatched, so that they are told apart without colour.
  labelErrors(from, to, y, value) {
    const { labels } = this;
    const { inside, outside, missed } = this.sampler.evidence;
    for (let i = from; i < to; i++) {
      if (missed[i] < value) {
        labels[i] = LABEL.falseNegative | (((i - from + y) & 7) < 3 ? HATCH : 0);
      } else if (outside[i] >= value) labels[i] = LABEL.falsePositive;
      else labels[i] = inside[i] >= value ? LABEL.truePositive : 0;
    }
  }

  // The inner rim of each label. The contour of a miss is dashed, to be told without colour.
  drawEdges(width, dashMisses) {
    const { labels } = this;
    const { stride, rows, rect } = this.sampler;
    const top = Math.max(rect.top, PAD);
    const bottom = Math.min(rect.bottom, rows - PAD);
    const left = Math.max(rect.left, PAD);
    const right = Math.min(rect.right, stride - PAD);
    const far = width * stride;
    for (let y = top; y < bottom; y++) {
      const end = y * stride + right;
      for (let i = y * stride + left; i < end; i++) {
        const own = labels[i] & LABEL_BITS;
        if (own === 0) continue;
        if (
          (labels[i - 1] & LABEL_BITS) === own && (labels[i + 1] & LABEL_BITS) === own &&
          (labels[i - stride] & LABEL_BITS) === own && (labels[i + stride] & LABEL_BITS) === own &&
          (labels[i - width] & LABEL_BITS) === own && (labels[i + width] & LABEL_BITS) === own &&
          (labels[i - far] & LABEL_BITS) === own && (labels[i + far] & LABEL_BITS) === own
        ) continue;
        const gap = dashMisses && own === LABEL.falseNegative &&
          (((i - y * stride) >> 2) + (y >> 2)) & 1;
        if (!gap || this.isThin(i, width, own)) labels[i] |= EDGE;
      }
    }
  }

  // A finding no wider than its own contour must not disappear in a gap of the dashes.
  isThin(i, width, own) {
    const { labels } = this;
    const far = width * this.sampler.stride;
    const differs = (at) => (labels[at] & LABEL_BITS) !== own;
    return (differs(i - width) && differs(i + width)) || (differs(i - far) && differs(i + far));
  }

  colour(channels, settings) {
    const { stride, rect } = this.sampler;
    const divider = settings.swipe === null ? rect.right
      : Math.min(Math.max(Math.round(settings.swipe) + PAD, rect.left), rect.right);
    const heat = settings.layer === "heat" && settings.hasOverlay;
    const row = channels === 3 ? this.colourRow3 : heat ? this.heatRow : this.colourRow;
    for (let y = rect.top; y < rect.bottom; y++) {
      const at = y * stride;
      this.labels.fill(0, at + divider, at + rect.right);
      row.call(this, at + rect.left, at + divider, heat);
      const plain = channels === 3 ? this.colourRow3 : this.colourRow;
      plain.call(this, at + divider, at + rect.right, false);
    }
  }

  colourRow(from, to) {
    const { pixels, labels, windowed } = this;
    const { grey } = this.tables;
    const base = this.sampler.base[0];
    for (let i = from; i < to; i++) pixels[i] = grey[(labels[i] << 8) | windowed[base[i]]];
  }

  heatRow(from, to) {
    const { pixels, windowed } = this;
    const { grey } = this.tables;
    const base = this.sampler.base[0];
    for (let i = from; i < to; i++) pixels[i] = grey[(this.heatIndex(i) << 8) | windowed[base[i]]];
  }

  colourRow3(from, to, heat) {
    const { pixels, labels, windowed } = this;
    const { red, green, blue } = this.tables;
    const [r, g, b] = this.sampler.base;
    for (let i = from; i < to; i++) {
      const row = (heat ? this.heatIndex(i) : labels[i]) << 8;
      pixels[i] = red[row | windowed[r[i]]] | green[row | windowed[g[i]]] |
        blue[row | windowed[b[i]]] | 0xff000000;
    }
  }

  heatIndex(i) {
    if (this.labels[i] & EDGE) return this.labels[i];
    const { inside, outside } = this.sampler.heat;
    const step = HEAT_STEP_OF[Math.max(inside[i], outside[i])];
    return step === 0 ? 0 : HEAT_ROW + step;
  }
}
