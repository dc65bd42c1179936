// Embeddings of tokens of a target, at sinusoids of their places.
#pragma once

namespace edgebert {
namespace {

struct SineCosine {
  F sine, cosine;
};

// Absolute error 2e-7, for angles from 0 to 1e5.
LANE SineCosine sine_cosine(F angle) {
  const F turns = nearest(mul(angle, splat(0.63661977f)));  // quarters of a circle
  F r = fma(turns, splat(-1.5707964f), angle);
  r = fma(turns, splat(4.371139e-8f), r);
  const F z = mul(r, r);
  F s = fma(splat(-1.9515296e-4f), z, splat(8.332161e-3f));  // minimax for |r| <= pi / 4
  s = fma(s, z, splat(-0.16666655f));
  s = fma(mul(s, z), r, r);
  F c = fma(splat(2.4433157e-5f), z, splat(-1.3887316e-3f));
  c = fma(c, z, splat(0.041666646f));
  c = fma(mul(c, z), z, fma(splat(-.5f), z, splat(1.f)));
  const F whole = nearest(fma(turns, splat(.25f), splat(-.375f)));
  const F quarter = fma(whole, splat(-4.f), turns);  // 0, 1, 2 or 3
  const F even = absolute(sub(absolute(sub(quarter, splat(2.f))), splat(1.f)));
  const F half = splat(.5f), sine = choose_where_less(even, half, c, s), cosine = choose_where_less(even, half, s, c);
  const F below = sub(splat(0.f), sine), behind = sub(splat(0.f), cosine);
  const F beside = absolute(sub(quarter, splat(1.5f)));
  return {choose_where_less(quarter, splat(1.5f), sine, below), choose_where_less(beside, splat(1.f), behind, cosine)};
}

static void add_sinusoids(const float *rates, float place, size_t half, float *y) {
  each_register(half, [&](int, size_t at, int count) {
    const SineCosine by = sine_cosine(mul(splat(place), load_of(rates + at, count)));
    store_of(y + at, add(load_of(y + at, count), by.sine), count);
    store_of(y + half + at, add(load_of(y + half + at, count), by.cosine), count);
  });
}

struct TargetJob {
  const TargetCall &c;

  template <class T>
  void take_row(const T *row, float scale, float *y) const {
    for (size_t d = 0; d < c.width; d++) y[d] = static_cast<float>(row[d]) * scale * c.multiplier[d];
  }
  void row(size_t i) const {
    float *y = c.y + i * c.width;
    const size_t at = static_cast<size_t>(c.ids[i]) * c.width;
    if (c.word.integers) take_row(c.word.integers + at, c.word.scales[c.ids[i]], y);
    else take_row(c.word.floats + at, 1.f, y);
    const int64_t place = c.lengths[i / c.tokens] + static_cast<int64_t>(i % c.tokens);
    add_sinusoids(c.rates, static_cast<float>(place), c.width / 2, y);
    if (c.norm.gain) layer_norm(y, y, 1, c.width, c.norm);
  }
};

static bool run_target(const TargetCall &call, Threads threads) {
  TargetJob job{call};
  each_row(job, call.rows * call.tokens, threads);
  return true;
}

}  // namespace
}  // namespace edgebert
