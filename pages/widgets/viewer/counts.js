// The scores beside the threshold, exact at every threshold, from two histograms.

// For each whole value v: how many pixels have value >= v, inside and outside the truth.
// One pass over the image; every later threshold is two look-ups.
function countTails(decision, truth, shownClass) {
  const inside = new Uint32Array(SCALE + 2);
  const outside = new Uint32Array(SCALE + 2);
  for (let i = 0; i < decision.length; i++) {
    if (truth !== null && truth[i] === shownClass) inside[decision[i]]++;
    else outside[decision[i]]++;
  }
  for (let value = SCALE; value >= 0; value--) {
    inside[value] += inside[value + 1];
    outside[value] += outside[value + 1];
  }
  return { inside, outside };
}

// The same whole number as Python's round(threshold * 10000) for steps of 0.01.
function thresholdValue(threshold) {
  return Math.round(threshold * SCALE);
}

// Scores of the shown class. null: undefined, and the page says why.
function scoresAt(tails, value) {
  const tp = tails.inside[value];
  const fp = tails.outside[value];
  const fn = tails.inside[0] - tp;
  const predicted = tp + fp;
  const wanted = tp + fn;
  return {
    tp, fp, fn, predicted, wanted,
    dice: predicted + wanted === 0 ? 1 : (2 * tp) / (predicted + wanted),
    sensitivity: wanted === 0 ? null : tp / wanted,
    precision: predicted === 0 ? null : tp / predicted,
  };
}
