// What is done to rows alone: layer norms, embeddings, and texts to one vector.
#pragma once

namespace edgebert {
namespace {

constexpr size_t kRowsOfATask = 16;

// Runs `job.row(i)` for every row, some in a task.
template <class Job>
static void each_row(Job &job, size_t rows, Threads threads) {
  struct Some {
    Job &job;
    size_t rows;
  } some{job, rows};
  const auto task = [](void *user, size_t index) {
    Some &s = *static_cast<Some *>(user);
    const size_t first = index * kRowsOfATask, end = first + kRowsOfATask;
    for (size_t i = first; i < end && i < s.rows; i++) s.job.row(i);
  };
  threads.for_each(threads.pool, task, (rows + kRowsOfATask - 1) / kRowsOfATask, &some);
}

static bool run_norm_alone(const NormCall &call, Threads threads) {
  struct {
    const NormCall &c;
    void row(size_t i) {
      const float *x = c.x + i * c.width;
      float *y = c.y + i * c.width;
      if (c.residual) {
        const float *residual = c.residual + i * c.width;
        each_register(c.width, [&](int, size_t at, int count) {
          store_of(y + at, add(load_of(x + at, count), load_of(residual + at, count)), count);
        });
        x = y;
      }
      layer_norm(x, y, 1, c.width, c.norm);
    }
  } job{call};
  each_row(job, call.rows, threads);
  return true;
}

// ---- embeddings

// The row of a table, put into `y` or added to what is there.
template <bool kAdded>
static void take_row(const Table &table, int64_t row, size_t width, float *y) {
  const float *floats = table.floats ? table.floats + row * width : nullptr;
  const int8_t *integers = table.integers ? table.integers + row * width : nullptr;
  const float scale = table.scales ? table.scales[row] : 1.f;
  for (size_t i = 0; i < width; i++) {
    const float v = floats ? floats[i] : static_cast<float>(integers[i]) * scale;
    y[i] = kAdded ? y[i] + v : v;
  }
}

static bool run_embedding(const EmbeddingCall &call, Threads threads) {
  struct {
    const EmbeddingCall &c;
    void row(size_t i) {
      float *y = c.y + i * c.width;
      take_row<false>(c.word, c.ids[i], c.width, y);
      if (c.types) take_row<true>(c.type, c.types[i], c.width, y);
      if (c.position.rows) {
        const size_t token = i % c.tokens;
        const int64_t position = c.positions ? c.positions[c.positions_shared ? token : i]
                                             : static_cast<int64_t>(c.first_position + token);
        take_row<true>(c.position, position, c.width, y);
      }
      if (c.norm.gain) layer_norm(y, y, 1, c.width, c.norm);
    }
  } job{call};
  each_row(job, call.texts * call.tokens, threads);
  return true;
}

// ---- pooling

static void mean_of_tokens(const PoolingCall &c, size_t text, float *y) {
  const float *hidden = c.hidden + text * c.tokens * c.width;
  float count = 0.f;
  memset(y, 0, c.width * sizeof(float));
  for (size_t j = 0; j < c.tokens; j++) {
    const int64_t counts = c.mask[text * c.tokens + j];
    if (!counts) continue;  // what stands there does not matter, whatever it is
    const F share = splat(static_cast<float>(counts));
    count += static_cast<float>(counts);
    each_register(c.width, [&](int, size_t at, int some) {
      store_of(y + at, fma(load_of(hidden + j * c.width + at, some), share, load_of(y + at, some)), some);
    });
  }
  const F by = splat(count > c.least_count ? count : c.least_count);
  each_register(c.width, [&](int, size_t at, int some) {
    store_of(y + at, div(load_of(y + at, some), by), some);
  });
}

static void scale_to_one(float *y, size_t width, float least) {
  Reduction squares(0.f);
  each_register(width, [&](int part, size_t at, int count) {
    const F v = load_of(y + at, count);
    squares.part[part] = fma(v, v, squares.part[part]);
  });
  const float norm = square_root(squares.sum());
  const F by = splat(norm > least ? norm : least);
  each_register(width, [&](int, size_t at, int count) {
    store_of(y + at, div(load_of(y + at, count), by), count);
  });
}

static bool run_pooling(const PoolingCall &call, Threads threads) {
  struct {
    const PoolingCall &c;
    void row(size_t text) {
      float *y = c.y + text * c.width;
      if (c.mean) mean_of_tokens(c, text, y);
      else memcpy(y, c.hidden + text * c.tokens * c.width, c.width * sizeof(float));
      if (c.normalize) scale_to_one(y, c.width, c.least_norm);
    }
  } job{call};
  each_row(job, call.texts, threads);
  return true;
}

}  // namespace
}  // namespace edgebert
