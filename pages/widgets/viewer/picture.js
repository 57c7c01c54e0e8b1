// A case that has arrived: its planes, and what is computed from them once.

class Picture {
  constructor(data, image) {
    this.case = data.case;
    this.imageUrl = data.image.url;
    this.width = data.width;
    this.height = data.height;
    this.channels = data.image.channels;
    this.image = image;
    this.range = data.image.dtype === "uint16" ? 65536 : 256;
    this.pyramid = new ImagePyramid(image, data.width, data.height, data.image.channels);
    this.overlay = null;
  }

  isOf(data) {
    return this.case === data.case && this.imageUrl === data.image.url;
  }
}

// Truth and probability of one class of one picture.
class Overlay {
  constructor(data, truth, probability) {
    const pixels = data.width * data.height;
    const position = data.classes.findIndex((one) => one.index === data.shown_class);
    this.signature = overlaySignature(data);
    this.hasTruth = truth !== null;
    this.hasProbability = probability !== null;
    this.truth = truth;
    this.argmax = data.decision === "argmax";
    this.heat = probability ? probability.subarray(position * pixels, (position + 1) * pixels) : null;
    this.decision = this.decide(probability, position, pixels, data.classes.length);
    this.tails = countTails(this.decision, truth, data.shown_class);
    this.evidence = new EvidencePyramid(
      this.decision, truth, data.shown_class, data.width, data.height);
    // Where the decision is the probability, its evidence also holds the heat map's maxima.
    this.heatEvidence = !this.argmax ? this.evidence
      : new EvidencePyramid(this.heat, null, 0, data.width, data.height);
  }

  // The plane a threshold is applied to. Under argmax that is the winner's plane, 0 or SCALE,
  // so that everything after it is the same; ties go to the first class, as in NumPy.
  decide(probability, position, pixels, classes) {
    if (!probability) return new Uint16Array(pixels);
    if (!this.argmax) return clampToScale(this.heat);
    const out = new Uint16Array(pixels);
    for (let i = 0; i < pixels; i++) {
      let best = 0;
      for (let c = 1; c < classes; c++) {
        if (probability[c * pixels + i] > probability[best * pixels + i]) best = c;
      }
      if (best === position) out[i] = SCALE;
    }
    return out;
  }
}

// A value beyond the scale would fall out of the histograms; the planes are shared, so copy.
function clampToScale(plane) {
  if (!plane.some((value) => value > SCALE)) return plane;
  return plane.map((value) => Math.min(value, SCALE));
}

function overlaySignature(data) {
  return JSON.stringify([
    data.case, data.truth, data.probability, data.shown_class, data.decision, data.classes.length]);
}
