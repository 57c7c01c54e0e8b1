// Fetching planes: raw bytes by URL, checked for their length, kept in a bounded cache.

// A probability travels as floor(p * SCALE) in a uint16.
const SCALE = 10000;

const CACHE_LIMIT_BYTES = 256 * 1024 * 1024;

// The text is for the user; nothing of the URL or the case is in it.
class PlaneError extends Error {}

const LINK_ENDED = "This picture's link has ended with its session. Reload the page.";
const UNREACHABLE = "The server cannot be reached. Check the connection, then reload the page.";
const INCOMPLETE = "This picture did not arrive whole. Reload the page.";

class PlaneCache {
  constructor(limitBytes = CACHE_LIMIT_BYTES) {
    this.limitBytes = limitBytes;
    this.heldBytes = 0;
    this.buffers = new Map(); // A Map keeps insertion order: the first is the oldest.
  }

  peek(url, lengthBytes) {
    const buffer = this.buffers.get(url);
    if (!buffer || buffer.byteLength !== lengthBytes) return null;
    this.buffers.delete(url);
    this.buffers.set(url, buffer);
    return buffer;
  }

  async get(url, lengthBytes, signal) {
    return this.peek(url, lengthBytes) ?? this.keep(url, await fetchBytes(url, lengthBytes, signal));
  }

  keep(url, buffer) {
    this.heldBytes -= this.buffers.get(url)?.byteLength ?? 0;
    this.buffers.delete(url);
    this.buffers.set(url, buffer);
    this.heldBytes += buffer.byteLength;
    for (const [oldest, old] of this.buffers) {
      if (this.heldBytes <= this.limitBytes || oldest === url) break;
      this.buffers.delete(oldest);
      this.heldBytes -= old.byteLength;
    }
    return buffer;
  }
}

async function fetchBytes(url, lengthBytes, signal) {
  let response;
  let buffer;
  try {
    response = await fetch(url, { credentials: "same-origin", signal });
    if (response.ok) buffer = await response.arrayBuffer();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PlaneError(UNREACHABLE);
  }
  if (!response.ok) throw new PlaneError(LINK_ENDED);
  if (buffer.byteLength !== lengthBytes) throw new PlaneError(INCOMPLETE);
  return buffer;
}

// What a case needs: URL, length and how its bytes are read. Every machine a browser runs on
// is little-endian, as the planes are, so a view over the buffer is enough.
function wantedPlanes(data) {
  const pixels = data.width * data.height;
  const wide = data.image.dtype === "uint16";
  const wanted = {
    image: {
      url: data.image.url,
      lengthBytes: pixels * data.image.channels * (wide ? 2 : 1),
      read: (buffer) => (wide ? new Uint16Array(buffer) : new Uint8Array(buffer)),
    },
  };
  if (data.truth) {
    wanted.truth = { url: data.truth, lengthBytes: pixels, read: (buffer) => new Uint8Array(buffer) };
  }
  if (data.probability) {
    wanted.probability = {
      url: data.probability,
      lengthBytes: pixels * data.classes.length * 2,
      read: (buffer) => new Uint16Array(buffer),
    };
  }
  return wanted;
}
