// How the overlay is drawn outlives a reload of the tab: layer, style and opacity. Never a case,
// never a threshold: that one is the page's. Where storage is forbidden, nothing is kept.

const LOOK_KEY = "seg.viewer.look";

function readLook() {
  const look = {};
  try {
    const { layer, style, opacity } = JSON.parse(sessionStorage.getItem(LOOK_KEY)) ?? {};
    if (LAYERS.includes(layer)) look.layer = layer;
    if (STYLES.includes(style)) look.style = style;
    if (typeof opacity === "number" && opacity >= 0 && opacity <= 1) look.opacity = opacity;
  } catch {
    // Forbidden, or not ours: the defaults do.
  }
  return look;
}

function writeLook(layer, style, opacity) {
  try {
    sessionStorage.setItem(LOOK_KEY, JSON.stringify({ layer, style, opacity }));
  } catch {
    // Forbidden or full: it then lasts until the reload.
  }
}
