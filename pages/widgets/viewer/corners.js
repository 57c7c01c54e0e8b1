// What stands over the picture, one thing a corner: legend, window and zoom, readout, scale.
// Names come from users: textContent only.

const SCALE_BAR_SHARE = 0.22;

function swatch(colour, kind) {
  const mark = document.createElement("i");
  mark.className = `swatch ${kind}`;
  mark.style.setProperty("--colour", css(colour));
  return mark;
}

// `term`, the technical name, gives way where there is little room.
function legendLine(text, term, mark) {
  const line = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = text;
  line.append(mark, name);
  if (term) {
    const more = document.createElement("span");
    more.className = "term";
    more.textContent = term;
    line.append(more);
  }
  return line;
}

class Corners {
  constructor(part) {
    this.part = part;
    this.legendMade = "";
    this.readoutMade = "";
  }

  legend(layer, style, className) {
    const wanted = `${layer} ${style} ${className}`;
    if (wanted === this.legendMade) return;
    this.legendMade = wanted;
    const kind = style === "contour" ? "outline" : style === "both" ? "both" : "solid";
    const lines = {
      prediction: [["Prediction", "", COLOURS.prediction, kind]],
      truth: [["Truth", "", COLOURS.truth, kind]],
      errors: [
        ["Found", "true positive", COLOURS.truePositive, kind],
        ["Too much", "false positive", COLOURS.falsePositive, kind],
        ["Missed", "false negative", COLOURS.falseNegative, `${kind} missed`],
      ],
    }[layer] ?? [];
    const list = lines.map(([text, term, colour, mark]) =>
      legendLine(text, term, swatch(colour, mark)));
    if (layer === "heat") list.push(this.heatLine());
    const title = document.createElement("li");
    title.className = "name";
    title.textContent = className;
    this.part.legend.replaceChildren(...(list.length ? [title] : []), ...list);
  }

  heatLine() {
    const ramp = document.createElement("i");
    ramp.className = "ramp";
    ramp.style.background = `linear-gradient(to right, ${VIRIDIS.map(css).join(", ")})`;
    const line = document.createElement("li");
    line.className = "heat";
    const [low, high] = ["0", "1"].map((text) => {
      const end = document.createElement("span");
      end.textContent = text;
      return end;
    });
    line.append(low, ramp, high);
    line.setAttribute("aria-label", "Probability, from 0 dark blue to 1 yellow");
    return line;
  }

  state(name, low, high, zoom) {
    const [title, numbers] = this.part.state.children;
    title.textContent = name;
    const width = tidy(high - low);
    const level = tidy((high + low) / 2);
    numbers.textContent = `W ${width}  L ${level}  ${Math.round(zoom * 100)} %`;
  }

  // A length of 1, 2 or 5 times a power of ten that takes about a fifth of the width.
  scaleBar(millimetresPerPixel, widthPx) {
    this.part.scale.hidden = millimetresPerPixel === null;
    if (millimetresPerPixel === null) return;
    const longest = widthPx * SCALE_BAR_SHARE * millimetresPerPixel;
    const power = 10 ** Math.floor(Math.log10(longest));
    const length = [5, 2, 1].find((digit) => digit * power <= longest) * power;
    this.part.scaleBar.style.width = `${length / millimetresPerPixel}px`;
    this.part.scaleText.textContent =
      length >= 1 ? `${tidy(length)} mm` : `${tidy(length * 1000)} µm`;
  }

  readout(values) {
    const wanted = values ? JSON.stringify(values) : "";
    if (wanted === this.readoutMade) return;
    this.readoutMade = wanted;
    const spans = (values ?? []).map(([name, value]) => {
      const pair = document.createElement("span");
      const label = document.createElement("b");
      label.textContent = name;
      pair.append(label, ` ${value}`);
      return pair;
    });
    this.part.readout.replaceChildren(...spans);
  }
}

// Whole from 1000 on, four significant digits below; no trailing zeros, no exponent.
function tidy(value) {
  const rounded = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
  return rounded.toLocaleString("en", {
    maximumFractionDigits: 4, useGrouping: false,
  });
}

// What lies under one point of the picture, as [name, text] pairs.
function readPixel(picture, data, x, y) {
  const at = y * picture.width + x;
  const samples = picture.image.subarray(at * picture.channels, (at + 1) * picture.channels);
  const values = [["x", x], ["y", y], [picture.channels === 3 ? "rgb" : "intensity", samples.join(" ")]];
  const overlay = picture.overlay;
  if (overlay?.heat) values.push(["p", (overlay.heat[at] / SCALE).toFixed(3)]);
  if (overlay?.truth) values.push(["truth", nameOf(data, overlay.truth[at])]);
  return values;
}

function nameOf(data, index) {
  const known = data.classes.find((one) => one.index === index);
  return known ? known.name : index === 0 ? "background" : `class ${index}`;
}
