// Smaller versions of planes for when the picture is zoomed out.
//
// The image is averaged. An overlay is not: it keeps extremes, so that a finding of one pixel
// is still one pixel on the screen, however small the picture is drawn.

// Half the size, each sample the mean of up to four.
function halveMean(plane) {
  const { width, height, channels, samples } = plane;
  const w = (width + 1) >> 1;
  const h = (height + 1) >> 1;
  const out = new samples.constructor(w * h * channels);
  for (let y = 0; y < h; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      for (let c = 0; c < channels; c++) {
        const sum =
          samples[(top + left) * channels + c] + samples[(top + right) * channels + c] +
          samples[(bottom + left) * channels + c] + samples[(bottom + right) * channels + c];
        out[(y * w + x) * channels + c] = (sum + 2) >> 2;
      }
    }
  }
  return { width: w, height: h, channels, samples: out };
}

class ImagePyramid {
  constructor(samples, width, height, channels) {
    this.levels = [{ width, height, channels, samples }];
  }

  // Level n is 1 / 2^n of the size; made when first asked for.
  at(level) {
    while (this.levels.length <= level) {
      const last = this.levels[this.levels.length - 1];
      if (last.width === 1 && last.height === 1) break;
      this.levels.push(halveMean(last));
    }
    const found = Math.min(level, this.levels.length - 1);
    return { ...this.levels[found], level: found };
  }
}

// What the pixels under a sample say about one class. Values are stored as p + 1, so that 0
// can say "no such pixel":
//   inside   the largest p among the pixels of the truth   -> a true positive, if >= threshold
//   outside  the largest p among the other pixels          -> a false positive, if >= threshold
//   missed   the smallest p among the pixels of the truth  -> a false negative, if < threshold
const NOTHING_MISSED = 65535;

class EvidencePyramid {
  constructor(decision, truth, shownClass, width, height) {
    this.base = { decision, truth, shownClass, width, height };
    this.levels = [null]; // Level 0 is read from the planes themselves.
  }

  at(level) {
    while (this.levels.length <= level) this.levels.push(this.halve(this.levels.length - 1));
    return this.levels[level];
  }

  size(level) {
    const { width, height } = this.base;
    return { width: Math.ceil(width / 2 ** level), height: Math.ceil(height / 2 ** level) };
  }

  halve(level) {
    const from = this.size(level);
    const to = this.size(level + 1);
    const out = makeEvidence(to.width * to.height);
    const pool = new EvidencePool(this.base, this.levels[level], from.width);
    for (let y = 0; y < to.height; y++) {
      const bottom = Math.min(2 * y + 2, from.height);
      for (let x = 0; x < to.width; x++) {
        pool.gather(2 * x, Math.min(2 * x + 2, from.width), 2 * y, bottom);
        const i = y * to.width + x;
        out.inside[i] = pool.inside;
        out.outside[i] = pool.outside;
        out.missed[i] = pool.missed;
      }
    }
    return out;
  }
}

function makeEvidence(length) {
  return {
    inside: new Uint16Array(length),
    outside: new Uint16Array(length),
    missed: new Uint16Array(length).fill(NOTHING_MISSED),
  };
}

// Gathers the evidence of a rectangle of samples, of the planes (level null) or of a level.
class EvidencePool {
  constructor(base, level, width) {
    Object.assign(this, { base, level, width, inside: 0, outside: 0, missed: NOTHING_MISSED });
  }

  gather(left, right, top, bottom) {
    this.inside = 0;
    this.outside = 0;
    this.missed = NOTHING_MISSED;
    if (this.level) this.gatherLevel(left, right, top, bottom);
    else this.gatherPlanes(left, right, top, bottom);
  }

  gatherPlanes(left, right, top, bottom) {
    const { decision, truth, shownClass } = this.base;
    let inside = 0;
    let outside = 0;
    let missed = NOTHING_MISSED;
    for (let y = top; y < bottom; y++) {
      const end = y * this.width + right;
      for (let i = y * this.width + left; i < end; i++) {
        const value = decision[i] + 1;
        if (truth !== null && truth[i] === shownClass) {
          if (value > inside) inside = value;
          if (value < missed) missed = value;
        } else if (value > outside) outside = value;
      }
    }
    this.inside = inside;
    this.outside = outside;
    this.missed = missed;
  }

  gatherLevel(left, right, top, bottom) {
    const level = this.level;
    let inside = 0;
    let outside = 0;
    let missed = NOTHING_MISSED;
    for (let y = top; y < bottom; y++) {
      const end = y * this.width + right;
      for (let i = y * this.width + left; i < end; i++) {
        if (level.inside[i] > inside) inside = level.inside[i];
        if (level.outside[i] > outside) outside = level.outside[i];
        if (level.missed[i] < missed) missed = level.missed[i];
      }
    }
    this.inside = inside;
    this.outside = outside;
    this.missed = missed;
  }
}
