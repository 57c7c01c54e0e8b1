// From what Python asked for to a picture with its overlay. The rule that matters: after every
// wait, what arrived is shown only if it is still what is wanted. Another patient's picture
// under this patient's name would be worse than none.

const SLOW_MS = 200;
const NOT_SHOWN = "This picture cannot be shown here. Reload the page.";

class Loader {
  constructor(planes, events) {
    this.planes = planes;
    this.events = events;
    this.turn = 0;
    this.abort = null;
    this.picture = null;
    this.wanted = "";
  }

  // Says what is wanted now. The same planes as before: nothing to do.
  want(data) {
    const wanted = JSON.stringify([wantedPlanes(data), data.width, data.height, overlaySignature(data)]);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.abort?.abort();
    this.abort = new AbortController();
    this.turn += 1;
    if (!this.picture?.isOf(data)) this.picture = null;
    else if (this.picture.overlay?.signature !== overlaySignature(data)) this.picture.overlay = null;
    this.events.dropped();
    this.load(data, this.turn, this.abort.signal);
  }

  async load(data, turn, signal) {
    const planes = wantedPlanes(data);
    const slow = setTimeout(() => this.events.waiting(), SLOW_MS);
    try {
      const buffers = this.peekAll(planes) ?? await this.fetchAll(data, planes, turn, signal);
      if (turn !== this.turn) return;
      this.showImage(data, buffers.image);
      if (planes.truth || planes.probability) {
        const read = (name) => (planes[name] ? planes[name].read(buffers[name]) : null);
        this.picture.overlay = new Overlay(data, read("truth"), read("probability"));
      }
      this.events.complete();
    } catch (error) {
      if (turn !== this.turn || error.name === "AbortError") return;
      this.wanted = ""; // Asking again may work.
      this.events.failed(error instanceof PlaneError ? error.message : NOT_SHOWN);
      if (!(error instanceof PlaneError)) console.error(error);
    } finally {
      clearTimeout(slow);
    }
  }

  // All planes at once, where all are held: then no frame shows the case without its overlay.
  peekAll(planes) {
    const entries = Object.entries(planes).map(([name, plane]) =>
      [name, this.planes.peek(plane.url, plane.lengthBytes)]);
    return entries.every(([, buffer]) => buffer) ? Object.fromEntries(entries) : null;
  }

  // The image is shown as soon as it is there, the overlay when all of it is.
  async fetchAll(data, planes, turn, signal) {
    const entries = Object.entries(planes).map(async ([name, plane]) => {
      const buffer = await this.planes.get(plane.url, plane.lengthBytes, signal);
      if (name === "image" && turn === this.turn) this.showImage(data, buffer);
      return [name, buffer];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  showImage(data, buffer) {
    if (this.picture?.isOf(data)) return;
    this.picture = new Picture(data, wantedPlanes(data).image.read(buffer));
    this.events.image();
  }

  stop() {
    this.turn += 1;
    this.abort?.abort();
  }
}
