// Colours and the tables that blend them over an image, so that a frame costs look-ups only.

// Okabe and Ito: told apart under every common colour blindness. The same on every page.
const COLOURS = {
  truth: [86, 180, 233],
  prediction: [240, 228, 66],
  truePositive: [0, 158, 115],
  falsePositive: [230, 159, 0],
  falseNegative: [204, 121, 167],
  level: [255, 255, 255],
};

// #0b0d10 as the canvas stores it: little-endian, so alpha first and red last.
const GROUND = 0xff100d0b;

// What a pixel of the overlay is. Bits 0-1: the label; then hatch; then edge.
const LABEL = { none: 0, own: 1, truePositive: 1, falsePositive: 2, falseNegative: 3 };
const LABEL_BITS = 3;
const HATCH = 4;
const EDGE = 8;

// Rows of a table: 16 for labels, then the steps of the heat map. Step 0 stays clear.
const HEAT_ROW = 16;
const HEAT_STEPS = 128;
const HEAT_CLEAR_BELOW = 0.01;
const ROWS = HEAT_ROW + HEAT_STEPS;

// Ten knots of viridis (van der Walt and Smith, CC0); linear between them.
const VIRIDIS = [
  "440154", "482878", "3e4989", "31688e", "26828e",
  "1f9e89", "35b779", "6ece58", "b5de2b", "fde725",
].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

function viridis(value) {
  const at = Math.min(Math.max(value, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[low].map((from, i) => Math.round(from + (VIRIDIS[low + 1][i] - from) * (at - low)));
}

function css(colour) {
  return `rgb(${colour.join(" ")})`;
}

// Step of the heat map for each stored value p + 1 (0 says "no pixel here").
const HEAT_STEP_OF = (() => {
  const steps = new Uint8Array(SCALE + 2);
  const clear = HEAT_CLEAR_BELOW * SCALE;
  for (let value = clear; value <= SCALE; value++) {
    steps[value + 1] = 1 + Math.floor((value / (SCALE + 1)) * (HEAT_STEPS - 1));
  }
  return steps;
})();

// Colour and alpha of each row for a layer, a style and an opacity.
function paintRows(layer, style, opacity) {
  const rows = Array.from({ length: ROWS }, () => null);
  const fill = style === "contour" ? 0 : opacity;
  const edge = style === "fill" ? 0 : Math.min(1, opacity * 2.2);
  const set = (label, colour, plain, hatched) => {
    const row = (strength) => ({ colour, alpha: Math.min(1, strength) });
    rows[label] = row(fill * plain);
    rows[label | HATCH] = row(fill * hatched);
    rows[label | EDGE] = rows[label | HATCH | EDGE] = row(Math.max(edge, fill * plain));
  };
  if (layer === "prediction") set(LABEL.own, COLOURS.prediction, 1, 1);
  if (layer === "truth") set(LABEL.own, COLOURS.truth, 1, 1);
  if (layer === "errors") {
    set(LABEL.truePositive, COLOURS.truePositive, 1, 1);
    set(LABEL.falsePositive, COLOURS.falsePositive, 1.3, 1.3);
    set(LABEL.falseNegative, COLOURS.falseNegative, 0.6, 2.2);
  }
  if (layer === "heat") {
    for (let step = 1; step < HEAT_STEPS; step++) {
      const colour = viridis((step - 1) / (HEAT_STEPS - 2));
      rows[HEAT_ROW + step] = { colour, alpha: Math.min(1, opacity * 1.3) };
    }
    rows[LABEL.own | EDGE] = { colour: COLOURS.level, alpha: edge };
  }
  return rows;
}

// Blend every row over every grey, for one channel; `shift` puts it in its byte of a pixel.
function blendChannel(rows, channel, shift, table) {
  for (let row = 0; row < ROWS; row++) {
    const alpha = rows[row] ? rows[row].alpha : 0;
    const part = rows[row] ? rows[row].colour[channel] * alpha : 0;
    for (let grey = 0; grey < 256; grey++) {
      table[(row << 8) | grey] = Math.round(grey * (1 - alpha) + part) << shift;
    }
  }
}

class BlendTables {
  constructor() {
    this.red = new Uint32Array(ROWS * 256);
    this.green = new Uint32Array(ROWS * 256);
    this.blue = new Uint32Array(ROWS * 256);
    this.grey = new Uint32Array(ROWS * 256);
    this.made = "";
  }

  // Makes the tables again only when what they depend on has changed.
  prepare(layer, style, opacity) {
    const wanted = `${layer} ${style} ${opacity}`;
    if (wanted === this.made) return;
    const rows = paintRows(layer, style, opacity);
    blendChannel(rows, 0, 0, this.red);
    blendChannel(rows, 1, 8, this.green);
    blendChannel(rows, 2, 16, this.blue);
    for (let i = 0; i < this.grey.length; i++) {
      this.grey[i] = this.red[i] | this.green[i] | this.blue[i] | 0xff000000;
    }
    this.made = wanted;
  }
}
