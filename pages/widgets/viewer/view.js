// Where the picture is on the canvas. All in device pixels; `zoom` is device pixels per image
// pixel along the finer axis, and the coarser axis is stretched by the spacing.

const ZOOM_MAX = 64;

class View {
  constructor() {
    this.canvasWidth = 1;
    this.canvasHeight = 1;
    this.setPicture(1, 1, null);
  }

  setPicture(width, height, spacing) {
    this.width = width;
    this.height = height;
    const [row, column] = spacing ?? [1, 1];
    const finer = Math.min(row, column);
    this.aspectX = column / finer;
    this.aspectY = row / finer;
    this.fit();
  }

  resize(canvasWidth, canvasHeight) {
    this.canvasWidth = canvasWidth;
    this.canvasHeight = canvasHeight;
    if (this.fitted) this.fit();
    else this.clamp();
  }

  fitZoom() {
    return Math.min(
      this.canvasWidth / (this.width * this.aspectX),
      this.canvasHeight / (this.height * this.aspectY));
  }

  fit() {
    this.zoom = this.fitZoom();
    this.centreX = this.width / 2;
    this.centreY = this.height / 2;
    this.fitted = true;
  }

  scaleX() {
    return this.zoom * this.aspectX;
  }

  scaleY() {
    return this.zoom * this.aspectY;
  }

  toImage(x, y) {
    return [
      (x - this.canvasWidth / 2) / this.scaleX() + this.centreX,
      (y - this.canvasHeight / 2) / this.scaleY() + this.centreY];
  }

  // Zooms so that what lies under (x, y) stays under it.
  zoomTo(zoom, x = this.canvasWidth / 2, y = this.canvasHeight / 2) {
    const [imageX, imageY] = this.toImage(x, y);
    const smallest = Math.min(this.fitZoom(), 1) / 2;
    this.zoom = Math.min(Math.max(zoom, smallest), Math.max(ZOOM_MAX, this.fitZoom()));
    this.centreX = imageX - (x - this.canvasWidth / 2) / this.scaleX();
    this.centreY = imageY - (y - this.canvasHeight / 2) / this.scaleY();
    this.fitted = false;
    this.clamp();
  }

  panBy(x, y) {
    this.centreX -= x / this.scaleX();
    this.centreY -= y / this.scaleY();
    this.fitted = false;
    this.clamp();
  }

  // The canvas's centre stays on the picture, so that it cannot be lost.
  clamp() {
    this.centreX = Math.min(Math.max(this.centreX, 0), this.width);
    this.centreY = Math.min(Math.max(this.centreY, 0), this.height);
  }
}
