// A case chosen at the bottom of a long page is shown at its top: the picture comes into sight.

function reveal(stage) {
  const box = stage.getBoundingClientRect();
  const seen = Math.min(box.bottom, window.innerHeight) - Math.max(box.top, 0);
  if (seen >= box.height / 2) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  stage.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
}
