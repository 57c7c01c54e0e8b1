// The pictures are painted here from two files: the images with their truth, and an epoch's
// probabilities. Grey 128 of 255 is the first that rounds from a probability of 0.5 or more.

const FILMS = new WeakMap();
const CUT = 128;
const FILL = 0.5; // opacity of the marks
const KEPT = 30; // epochs that stay in memory

class Film {
  constructor(root) {
    this.root = root;
    this.slider = root.querySelector(".epoch input");
    this.kept = new Map();
    this.look = "marks";
    root.dataset.look = this.look;
    this.slider.addEventListener("input", () => {
      this.place = Number(this.slider.value);
      this.follows = this.place === this.data.epochs.length - 1;
      this.draw();
    });
    root.querySelector(".looks").addEventListener("change", (event) => {
      this.look = root.dataset.look = event.target.value;
      this.draw();
    });
    root.querySelector(".pictures").addEventListener("click", (event) => {
      event.target.closest(".picture")?.classList.toggle("big");
    });
  }

  update(data) {
    if (this.data?.run !== data.run) {
      this.kept.clear();
      this.frames = null;
      this.follows = true;
      this.place = 0;
      this.name(data.colours);
    }
    const shown = this.data?.run === data.run ? this.data.epochs[this.place]?.epoch : undefined;
    this.data = data;
    const last = data.epochs.length - 1;
    const same = data.epochs.findIndex((one) => one.epoch >= shown);
    this.place = this.follows || same === -1 ? last : same;
    this.slider.max = String(last);
    this.slider.value = String(this.place);
    this.draw();
  }

  async draw() {
    const call = (this.call = {});
    const { epochs, stills, best } = this.data;
    const { epoch, url } = epochs[this.place];
    const star = epoch === best ? ", the best" : "";
    this.root.querySelector("output").textContent = `${epoch} of ${epochs.at(-1).epoch}${star}`;
    this.slider.setAttribute("aria-valuetext", `Epoch ${epoch}`);
    this.root.dataset.waits = "true";
    try {
      const [still, moment] = await Promise.all([this.fetch(stills), this.fetch(url)]);
      if (this.call !== call) return;
      this.paint(still, moment);
      this.root.dataset.epoch = String(epoch);
      for (const near of [this.place - 1, this.place + 1]) {
        if (epochs[near]) this.fetch(epochs[near].url).catch(() => {});
      }
    } catch {
      // The next refresh brings a new link, or the epoch was written anew.
    } finally {
      if (this.call === call) this.root.dataset.waits = "false";
    }
  }

  fetch(url) {
    if (!this.kept.has(url)) {
      const file = load(url);
      file.catch(() => this.kept.delete(url));
      this.kept.set(url, file);
      for (const old of this.kept.keys()) {
        if (this.kept.size <= KEPT) break;
        if (old !== this.data.stills) this.kept.delete(old);
      }
    }
    return this.kept.get(url);
  }

  paint(still, moment) {
    if (!this.frames) this.build(still);
    moment.about.pictures.forEach(({ number, dice }, i) => {
      const frame = this.frames.get(number);
      if (!frame) return;
      frame.dice.textContent = dice === null ? "–" : `Dice ${dice.toFixed(3)}`;
      frame.button.setAttribute("aria-label", `${frame.name}, ${frame.dice.textContent}`);
      paintOne(frame, moment.planes[i], this.look, this.data.colours);
    });
  }

  build(still) {
    const box = this.root.querySelector(".pictures");
    box.replaceChildren();
    this.frames = new Map();
    still.about.pictures.forEach(({ number, name }, i) => {
      const [image, mask] = [still.planes[2 * i], still.planes[2 * i + 1]];
      const figure = document.createElement("figure");
      figure.className = "picture";
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Larger, and back";
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      button.append(canvas);
      const caption = document.createElement("figcaption");
      const words = document.createElement("span"), dice = document.createElement("span");
      words.className = "name";
      words.textContent = cutMiddle(name);
      words.title = name;
      dice.className = "dice";
      caption.append(words, dice);
      figure.append(button, caption);
      box.append(figure);
      const truth = inside(mask);
      this.frames.set(number, { name, button, canvas, dice, image, truth, edge: edge(truth, mask) });
    });
  }

  name(colours) {
    const key = this.root.querySelector(".key");
    key.replaceChildren();
    for (const [word, [r, g, b]] of Object.entries(colours)) {
      const span = document.createElement("span"), mark = document.createElement("i");
      mark.style.background = `rgb(${r} ${g} ${b})`;
      if (word === "truth") mark.className = "line";
      span.append(mark, word);
      key.append(span);
    }
  }
}

// A name keeps both ends, as in the filmstrip: their end tells the cases of a series apart.
function cutMiddle(name) {
  const characters = Array.from(new Intl.Segmenter().segment(name), (one) => one.segment);
  if (characters.length <= 11) return name;
  return [...characters.slice(0, 4), "…", ...characters.slice(-6)].join("");
}

function paintOne({ canvas, image, truth, edge: border }, probability, look, colours) {
  const picture = new ImageData(new Uint8ClampedArray(image.data), image.width, image.height);
  const { data } = picture;
  for (let i = 0; i < truth.length; i += 1) {
    const grey = probability.data[4 * i];
    if (look === "probability") {
      data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = grey;
      if (border[i]) put(data, i, colours.truth, 1);
    } else if (look === "marks") {
      const marked = grey >= CUT;
      if (marked || truth[i]) {
        const kind = marked ? (truth[i] ? "right" : "false positive") : "false negative";
        put(data, i, colours[kind], FILL);
      }
      if (border[i]) put(data, i, colours.truth, 1);
    }
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function put(data, i, colour, opacity) {
  for (let c = 0; c < 3; c += 1) {
    data[4 * i + c] = data[4 * i + c] * (1 - opacity) + colour[c] * opacity;
  }
}

// Any class but the background.
function inside({ data }) {
  return Uint8Array.from({ length: data.length / 4 }, (_, i) =>
    data[4 * i] || data[4 * i + 1] || data[4 * i + 2] ? 1 : 0);
}

// Pixels of the truth with a neighbour outside it, or at the image's border.
function edge(truth, { width, height }) {
  return truth.map((is, i) => {
    if (!is) return 0;
    const x = i % width, y = (i - x) / width;
    const around = x && y && x < width - 1 && y < height - 1 &&
      truth[i - 1] && truth[i + 1] && truth[i - width] && truth[i + width];
    return around ? 0 : 1;
  });
}

async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(String(response.status));
  const content = await response.arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  let start = 4 + length;
  const blobs = about.lengths.map((size) => {
    start += size;
    return new Blob([new Uint8Array(content, start - size, size)], { type: "image/png" });
  });
  return { about, planes: await Promise.all(blobs.map(pixels)) };
}

// As they are in the file: no colour management, no premultiplied alpha.
async function pixels(blob) {
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: "none", premultiplyAlpha: "none",
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector(".film");
  const film = FILMS.get(root) ?? new Film(root);
  FILMS.set(root, film);
  film.update(data);
}
