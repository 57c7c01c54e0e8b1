// What lies under each device pixel of the canvas: intensities and evidence, before window,
// threshold and colour. Made again only when zoom, pan, size or planes change; a slider's
// frame starts from here, so that its cost depends on the canvas and not on the image.

// Pixels kept beyond each side of the canvas, so that a contour knows its neighbours.
const PAD = 3;

// For each device pixel along one axis, which samples of the level lie under it.
class AxisMap {
  constructor(canvasSize, scale, centre, size, level) {
    const step = 1 / scale;
    const start = (pixel) => (pixel - canvasSize / 2) * step + centre;
    // The device pixels whose centre is on the picture.
    this.first = Math.max(-PAD, Math.ceil((0 - centre) * scale + canvasSize / 2 - 0.5));
    this.last = Math.min(
      canvasSize + PAD, Math.ceil((size - centre) * scale + canvasSize / 2 - 0.5));
    const count = Math.max(0, this.last - this.first);
    const factor = 2 ** level;
    const samples = Math.ceil(size / factor);
    this.nearest = new Int32Array(count);
    this.low = new Int32Array(count);
    this.high = new Int32Array(count);
    this.fraction = new Float64Array(count);
    this.from = new Int32Array(count);
    this.to = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const left = start(this.first + i);
      const middle = left + step / 2;
      const nearest = Math.min(Math.max(Math.floor(middle), 0), size - 1);
      this.nearest[i] = nearest;
      if (step <= 1) {
        this.low[i] = this.high[i] = this.from[i] = nearest;
        this.to[i] = nearest + 1;
      } else {
        this.blend(i, middle / factor - 0.5, samples);
        this.cover(i, left, step, factor, size);
      }
    }
  }

  blend(i, at, samples) {
    const low = Math.min(Math.max(Math.floor(at), 0), samples - 1);
    this.low[i] = low;
    this.high[i] = Math.min(low + 1, samples - 1);
    this.fraction[i] = Math.min(Math.max(at - low, 0), 1);
  }

  // Each sample of the level belongs to one device pixel and none is left out, also at the rim.
  cover(i, left, step, factor, size) {
    const samples = Math.ceil(size / factor);
    const right = left + step;
    const from = left - step / 2 < 0 ? 0 : Math.round(left / factor);
    const to = right + step / 2 >= size ? samples : Math.round(right / factor);
    this.from[i] = Math.min(Math.max(from, 0), samples - 1);
    this.to[i] = Math.min(Math.max(to, this.from[i] + 1), samples);
  }
}

class Sampler {
  constructor() {
    this.resize(1, 1);
  }

  resize(canvasWidth, canvasHeight) {
    this.stride = canvasWidth + 2 * PAD;
    this.rows = canvasHeight + 2 * PAD;
    this.base = [new Uint16Array(this.stride * this.rows)];
    this.evidence = null;
    this.heat = null;
    this.rect = { left: 0, right: 0, top: 0, bottom: 0 };
  }

  sample(picture, view, wantsHeat) {
    const finest = Math.min(1 / view.scaleX(), 1 / view.scaleY());
    const level = Math.max(0, Math.floor(Math.log2(Math.max(1, finest))));
    this.smooth = 1 / view.scaleX() > 1 || 1 / view.scaleY() > 1;
    this.x = new AxisMap(view.canvasWidth, view.scaleX(), view.centreX, view.width, level);
    this.y = new AxisMap(view.canvasHeight, view.scaleY(), view.centreY, view.height, level);
    this.rect = {
      left: this.x.first + PAD, right: this.x.last + PAD,
      top: this.y.first + PAD, bottom: this.y.last + PAD,
    };
    this.sampleImage(picture, level);
    const overlay = picture.overlay;
    if (!overlay) return;
    this.evidence ??= makeEvidence(this.stride * this.rows);
    this.sampleEvidence(overlay.evidence, this.evidence, level);
    if (overlay.heatEvidence === overlay.evidence) this.heat = this.evidence;
    else if (wantsHeat) {
      if (!this.heat || this.heat === this.evidence) {
        this.heat = makeEvidence(this.stride * this.rows);
      }
      this.sampleEvidence(overlay.heatEvidence, this.heat, level);
    }
  }

  sampleImage(picture, level) {
    while (this.base.length < picture.channels) {
      this.base.push(new Uint16Array(this.stride * this.rows));
    }
    const plane = picture.pyramid.at(this.smooth ? level : 0);
    for (let channel = 0; channel < picture.channels; channel++) {
      if (this.smooth) this.blendChannel(plane, channel, this.base[channel]);
      else this.copyChannel(plane, channel, this.base[channel]);
    }
  }

  // Zoomed in: crisp native pixels. Rows of the canvas that show the same row are copied.
  copyChannel(plane, channel, out) {
    const { channels, samples, width } = plane;
    const columns = this.x.nearest;
    const { left, top, bottom } = this.rect;
    for (let y = top; y < bottom; y++) {
      const source = this.y.nearest[y - top];
      const at = y * this.stride + left;
      if (y > top && source === this.y.nearest[y - top - 1]) {
        out.copyWithin(at, at - this.stride, at - this.stride + columns.length);
        continue;
      }
      const row = source * width * channels + channel;
      for (let i = 0; i < columns.length; i++) out[at + i] = samples[row + columns[i] * channels];
    }
  }

  // Zoomed out: between the four nearest samples of a level at most twice as fine.
  blendChannel(plane, channel, out) {
    const { channels, samples, width } = plane;
    const { low, high, fraction } = this.x;
    const { left, top, bottom } = this.rect;
    for (let y = top; y < bottom; y++) {
      const upper = this.y.low[y - top] * width * channels + channel;
      const lower = this.y.high[y - top] * width * channels + channel;
      const down = this.y.fraction[y - top];
      const at = y * this.stride + left;
      for (let i = 0; i < low.length; i++) {
        const a = low[i] * channels;
        const b = high[i] * channels;
        const across = fraction[i];
        const above = samples[upper + a] + (samples[upper + b] - samples[upper + a]) * across;
        const below = samples[lower + a] + (samples[lower + b] - samples[lower + a]) * across;
        out[at + i] = above + (below - above) * down + 0.5;
      }
    }
  }

  sampleEvidence(pyramid, out, level) {
    if (this.smooth) this.poolEvidence(pyramid, out, level);
    else this.copyEvidence(pyramid.base, out);
  }

  copyEvidence(base, out) {
    const { decision, truth, shownClass, width } = base;
    const columns = this.x.nearest;
    const { left, top, bottom } = this.rect;
    for (let y = top; y < bottom; y++) {
      const source = this.y.nearest[y - top];
      const at = y * this.stride + left;
      if (y > top && source === this.y.nearest[y - top - 1]) {
        for (const part of [out.inside, out.outside, out.missed]) {
          part.copyWithin(at, at - this.stride, at - this.stride + columns.length);
        }
        continue;
      }
      for (let i = 0; i < columns.length; i++) {
        const from = source * width + columns[i];
        const value = decision[from] + 1;
        const isTruth = truth !== null && truth[from] === shownClass;
        out.inside[at + i] = isTruth ? value : 0;
        out.outside[at + i] = isTruth ? 0 : value;
        out.missed[at + i] = isTruth ? value : NOTHING_MISSED;
      }
    }
  }

  poolEvidence(pyramid, out, level) {
    const pool = new EvidencePool(pyramid.base, pyramid.at(level), pyramid.size(level).width);
    const { from, to } = this.x;
    const { left, top, bottom } = this.rect;
    for (let y = top; y < bottom; y++) {
      const upper = this.y.from[y - top];
      const lower = this.y.to[y - top];
      const at = y * this.stride + left;
      for (let i = 0; i < from.length; i++) {
        pool.gather(from[i], to[i], upper, lower);
        out.inside[at + i] = pool.inside;
        out.outside[at + i] = pool.outside;
        out.missed[at + i] = pool.missed;
      }
    }
  }
}
