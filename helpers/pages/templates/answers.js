// How sure an answer is, and why it is given, as helpers/answers says it: beside scorer.js, which comes first.
//
//     Answers.reasons(model, x, mean)          →  { base, added: by feature, log: whether in log odds }
//     Answers.interval(sure, x, number, 0.9)   →  [low, high]
//     Answers.classSet(sure, probability, 0.9) →  the places of the classes in the set
"use strict";
const Answers = (() => {
  // Why (helpers/answers/path_shapley.py): TreeSHAP leaf by leaf, exact. A leaf's questions of one feature are one
  // condition; what condition i adds is v (f_i − z_i) ∫ Π_{j≠i} (t f_j + (1 − t) z_j) dt, by Gauss-Legendre quadrature

  // All leaves: by leaf its node and where its conditions begin, by condition its feature, limits and share
  function leavesOf(trees) {
    const nodes = [], starts = [0], conditions = [];
    const down = (node, way) => {
      if (!trees.left[node]) {
        nodes.push(node);
        conditions.push(...way.values());
        return starts.push(conditions.length);
      }
      for (const isLeft of [true, false]) {
        const child = node + (isLeft ? trees.left[node] : trees.right[node]), feature = trees.feature[node], limit = trees.threshold[node];
        const { low, high, share } = way.get(feature) || { low: -Infinity, high: Infinity, share: 1 };
        const narrower = isLeft ? { low, high: Math.min(high, limit) } : { low: Math.max(low, limit), high };
        down(child, new Map(way).set(feature, { feature, ...narrower, share: share * (trees.cover[child] / trees.cover[node]) }));
      }
    };
    for (const root of trees.roots) down(root, new Map());
    const all = (key) => Float64Array.from(conditions, (one) => one[key]);
    return { nodes, starts, feature: Uint16Array.from(conditions, (one) => one.feature), low: all("low"), high: all("high"), share: all("share") };
  }

  const QUADRATURE = new Map(); // by count the points and weights from 0 to 1 (Newton's method on Legendre's polynomials)
  function quadrature(count) {
    if (QUADRATURE.has(count)) return QUADRATURE.get(count);
    const made = Array.from({ length: count }, (_, n) => {
      let x = Math.cos((Math.PI * (n + 0.75)) / (count + 0.5)), slope = 1;
      for (let step = 0; step < 50; step++) {
        let before = 1, now = x;
        for (let k = 2; k <= count; k++) [before, now] = [now, ((2 * k - 1) * x * now - (k - 1) * before) / k];
        slope = (count * (x * now - before)) / (x * x - 1);
        x -= now / slope;
      }
      return { at: (x + 1) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
    });
    QUADRATURE.set(count, made);
    return made;
  }

  const factors = new Float64Array(1024), met = new Uint8Array(1024); // of one leaf's conditions

  function treeReasons(trees, x, scale) {
    const { nodes, starts, feature, low, high, share } = (trees.leaves ??= leavesOf(trees));
    const added = new Float64Array(x.length);
    let base = 0;
    for (let leaf = 0; leaf < nodes.length; leaf++) {
      const start = starts[leaf], count = starts[leaf + 1] - start, value = trees.value[nodes[leaf]] * scale;
      let reached = value;
      for (let n = 0; n < count; n++) {
        const cell = x[feature[start + n]];
        met[n] = cell > low[start + n] && cell <= high[start + n] ? 1 : 0;
        reached *= share[start + n];
      }
      base += reached;
      for (const { at, weight } of quadrature(Math.max(1, (count + 1) >> 1))) {
        let whole = weight * value;
        for (let n = 0; n < count; n++) whole *= factors[n] = share[start + n] * (1 - at) + met[n] * at;
        for (let n = 0; n < count; n++) added[feature[start + n]] += ((met[n] - share[start + n]) * whole) / factors[n];
      }
    }
    return { base, added };
  }

  // What each feature adds to one score: of two classes that of the model's second, as log odds or as a probability
  const sigmoid = (margin) => 1 / (1 + Math.exp(-margin));
  const carried = (inner, given) => {
    const z = inner.added.reduce((a, b) => a + b, inner.base), end = Math.abs(z - inner.base) < 1e-7 ? inner.base + 1e-7 : z;
    const slope = (given(end) - given(inner.base)) / (end - inner.base);
    return { log: false, base: given(inner.base), added: inner.added.map((one) => one * slope) };
  };
  const REASONS = {
    constant: (model, x) => ({ log: false, base: model.answer[model.answer.length - 1], added: new Float64Array(x.length) }),
    linear: (model, x, mean) => weighed(model, x, mean, model.start, false),
    logistic: (model, x, mean) => weighed(model, x, mean, model.start[0], true),
    forest: (model, x) => ({ log: false, ...treeReasons(model, Float32Array.from(x), 1 / model.roots.length) }),
    boosting(model, x) {
      const { base, added } = treeReasons(model, x, 1);
      return { log: !model.is_number, base: base + model.start[0], added };
    },
    calibrated(model, x, mean) {
      const inner = reasonsOf(model.inner, x, mean);
      if (inner.log) return { log: true, base: inner.base * model.slope + model.shifts[1] - model.shifts[0], added: inner.added.map((one) => one * model.slope) };
      const log = (p) => Math.log(Math.min(Math.max(p, model.least), 1));
      return carried(inner, (p) => sigmoid(model.slope * (log(p) - log(1 - p)) + model.shifts[1] - model.shifts[0]));
    },
    mean(model, x, mean) {
      const found = model.members.map((one) => reasonsOf(one, x, mean)).map((one) => (one.log ? carried(one, sigmoid) : one));
      const sum = (pick) => found.reduce((total, one, n) => total + model.weights[n] * pick(one), 0);
      return { log: false, base: sum((one) => one.base), added: Float64Array.from(x, (_, n) => sum((one) => one.added[n])) };
    },
  };
  function weighed(model, x, mean, start, log) {
    return { log, base: start + Scorer.product(model.weights, 0, mean), added: Float64Array.from(x, (value, n) => model.weights[n] * (value - mean[n])) };
  }
  function reasonsOf(model, x, mean) {
    return REASONS[model.kind](model, x, mean);
  }

  // How sure an answer is (helpers/answers): the least score that is enough at a level

  function scoreAt(sure, level) {
    const place = sure.levels.findIndex((one) => one >= level - 1e-9);
    return place < 0 ? Infinity : sure.scores[place];
  }

  const SPREADS = {
    even: (sure) => [sure.below, sure.above],
    skewed: (sure) => [sure.below, sure.above],
    scaled(sure, x) {
      const size = Math.exp(Scorer.ask(sure.models[0], x));
      return [size * sure.below, size * sure.above];
    },
    "by row": (sure, x) => [Math.max(-Scorer.ask(sure.models[0], x), sure.below), Math.max(Scorer.ask(sure.models[1], x), sure.above)],
  };

  // The ends of the interval that holds the truth of a number at a level; x are the features
  function interval(sure, x, predicted, level) {
    const [below, above] = SPREADS[sure.spread](sure, [...x, predicted]), far = scoreAt(sure, level);
    const centre = sure.logarithm ? Math.log(Math.max(predicted, sure.least)) : predicted;
    const end = (value) => Math.min(Math.max(sure.logarithm ? Math.exp(value) : value, sure.lowest ?? -Infinity), sure.highest ?? Infinity);
    return [end(centre - far * below), end(centre + far * above)];
  }

  // The places of the classes in the set that holds the truth at a level; the likeliest always is
  function classSet(sure, probability, level) {
    const far = scoreAt(sure, level) + 1e-12, likeliest = probability.indexOf(Math.max(...probability));
    return probability.map((p, n) => (1 - p <= far || n === likeliest ? n : -1)).filter((n) => n >= 0);
  }

  return { reasons: reasonsOf, interval, classSet };
})();
if (typeof module !== "undefined") module.exports = Answers;
