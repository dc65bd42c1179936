// Scores of tokens to log-probabilities, and the likeliest of them.
#pragma once

namespace edgebert {
namespace {

constexpr size_t kOfBlock = 2 * kSpan;  // scores whose largest is known

// The natural logarithm of a number above zero, in doubles: its error is far below a float's.
static double natural_logarithm(double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  int64_t power = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1023} << 52;
  double part;
  memcpy(&part, &bits, sizeof part);
  if (part > 1.4142135623730951) part *= .5, power++;
  const double s = (part - 1) / (part + 1), square = s * s;  // ln = 2 artanh(s)
  double series = 0;
  for (int n = 21; n >= 1; n -= 2) series = series * square + 1. / n;
  return 2 * s * series + static_cast<double>(power) * 0.6931471805599453;
}

// What is taken off the scores of a row to make them log-probabilities, in this order.
struct Likelihood {
  float most, rest;
  bool numbers;  // whether all scores were
  float of(float score) const { return (score - most) - rest; }
};

// The likelihood of a row, and the largest score of each block of it; also of each lane.
static Likelihood likelihood_of(const float *x, size_t width, float *blocks, float *lanes) {
  Reduction top(kNoKey);
  for (size_t from = 0; from < width; from += kOfBlock) {
    Reduction most(kNoKey);
    const size_t length = width - from < kOfBlock ? width - from : kOfBlock;
    const float *block = x + from;
    float last[kOfBlock];
    if (length < kOfBlock) {
      for (size_t i = 0; i < kOfBlock; i++) last[i] = i < length ? block[i] : kNoKey;
      block = last;
    }
    each_register(kOfBlock, [&](int part, size_t at, int) {
      most.part[part] = larger(most.part[part], load(block + at));
    });
    UNROLLED for (int part = 0; part < kParts; part++)
      top.part[part] = larger(top.part[part], most.part[part]);
    if (blocks) *blocks++ = most.largest();
  }
  UNROLLED for (int part = 0; part < kParts; part++) store(lanes + part * kLanes, top.part[part]);
  const float most = top.largest();
  Reduction sum;
  each_register(width, [&](int part, size_t at, int count) {
    const F z = mul(sub(load_of(x + at, count), splat(most)), splat(kLog2E));
    sum.part[part] = add(sum.part[part], kept(exp2(z), count));
  });
  const float all = sum.sum();  // of which the largest is 1: what is no number is far above
  const bool numbers = all >= 1.f && all < 2.f * static_cast<float>(width);
  return {most, numbers ? static_cast<float>(natural_logarithm(all)) : 0.f, numbers};
}

// The likeliest tokens so far, the first the likeliest; of equal ones the lower token.
struct Likeliest {
  float *values;
  int64_t *tokens;
  size_t most, count = 0;

  void offer(float value, size_t token) {
    if (count == most && !(value > values[most - 1])) return;
    size_t at = count < most ? count++ : most - 1;
    for (; at && value > values[at - 1]; at--) {
      values[at] = values[at - 1];
      tokens[at] = tokens[at - 1];
    }
    values[at] = value;
    tokens[at] = static_cast<int64_t>(token);
  }
};

// A score that `most` tokens of a row have at least: of each lane there is one.
static float bound_of(const float *lanes, size_t most) {
  if (most > kSpan) return -__builtin_inff();
  float top[kSpan];
  size_t count = 0;
  for (int lane = 0; lane < kSpan; lane++) {
    if (count == most && !(lanes[lane] > top[most - 1])) continue;
    size_t at = count < most ? count++ : most - 1;
    for (; at && lanes[lane] > top[at - 1]; at--) top[at] = top[at - 1];
    top[at] = lanes[lane];
  }
  return top[most - 1];
}

struct LikelihoodJob {
  const LikelihoodCall &c;

  void row(size_t i) const {
    const float *x = c.x + i * c.width;
    float lanes[kSpan], *blocks = c.blocks ? c.blocks + i * blocks_of(c.width) : nullptr;
    const Likelihood likelihood = likelihood_of(x, c.width, blocks, lanes);
    if (!likelihood.numbers) return spoil(i);
    if (c.y) {
      float *y = c.y + i * c.width;
      each_register(c.width, [&](int, size_t at, int count) {
        const F v = sub(load_of(x + at, count), splat(likelihood.most));
        store_of(y + at, sub(v, splat(likelihood.rest)), count);
      });
    }
    if (c.most) choose(i, x, likelihood, blocks, lanes);
  }
  void spoil(size_t i) const {
    for (size_t token = 0; c.y && token < c.width; token++) c.y[i * c.width + token] = __builtin_nanf("");
    for (size_t n = 0; n < c.most; n++) {
      c.candidates[i * c.most + n] = __builtin_nanf("");
      c.tokens[i * c.most + n] = static_cast<int64_t>(n);
    }
  }
  static size_t blocks_of(size_t width) { return (width + kOfBlock - 1) / kOfBlock; }

  void choose(size_t i, const float *x, const Likelihood &likelihood, const float *blocks, const float *lanes) const {
    Likeliest best{c.candidates + i * c.most, c.tokens + i * c.most, c.most};
    const float before = c.before ? c.before[i] : 0.f;
    const float bound = before + likelihood.of(bound_of(lanes, c.most));
    for (size_t b = 0; b < blocks_of(c.width); b++) {
      if (before + likelihood.of(blocks[b]) < bound) continue;
      const size_t from = b * kOfBlock, left = c.width - from, length = left < kOfBlock ? left : kOfBlock;
      float sums[kOfBlock];
      for (size_t t = 0; t < length; t++) sums[t] = before + likelihood.of(x[from + t]);
      for (size_t t = 0; t < length; t++)
        if (!(sums[t] < bound)) best.offer(sums[t], from + t);
    }
  }
};

static bool run_likelihood(const LikelihoodCall &call, Threads threads) {
  Memory memory;
  LikelihoodCall c = call;
  if (c.most && !(c.blocks = memory.take<float>(c.rows * LikelihoodJob::blocks_of(c.width)))) return false;
  LikelihoodJob job{c};
  each_row(job, c.rows, threads);
  return true;
}

}  // namespace
}  // namespace edgebert
