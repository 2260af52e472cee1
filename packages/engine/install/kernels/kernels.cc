// The fused operations, once for each kind of processor: built with -DISA=avx2 or -DISA=avx512 and the flags that go with it.
#include "kernels.h"
#include <cmath>
#include "gemm.h"
#include "lanes.h"
#include "threads.h"

namespace ISA {
namespace {

Scratch& scratchOfThread(int which) {
  static thread_local Scratch scratches[5];
  return scratches[which];
}

/** Pieces of `size` in whole tiles, two for each thread at most and no smaller than is worth a thread. */
struct Pieces {
  int64_t size, each, count;
  Pieces(int64_t size, int64_t unit, double operations) : size(size) {
    int64_t most = numThreads() == 1 ? 1 : std::min<int64_t>(2 * numThreads(), 1 + static_cast<int64_t>(operations / 1e6));
    int64_t units = (size + unit - 1) / unit;
    each = ((units + most - 1) / most) * unit;
    count = each == 0 ? 0 : (size + each - 1) / each;
  }
  int64_t first(int64_t i) const { return i * each; }
  int64_t length(int64_t i) const { return std::min(each, size - i * each); }
};

void linear(const LinearSizes& s, const float* x, const float* const* weights, const float* const* biases,
            float* const* y) {
  const int64_t n = s.outputs.size();
  std::vector<int64_t> at(n);
  int64_t total = 0, outputs = 0;
  for (int64_t i = 0; i < n; i++) {
    at[i] = total;
    total += packedSize(s.width, s.outputs[i]);
    outputs += s.outputs[i];
  }
  float* packed = room(scratchOfThread(0), total);
  for (int64_t i = 0; i < n; i++) pack({weights[i], 1, s.width}, s.width, s.outputs[i], packed + at[i]);
  Pieces pieces(s.rows, kRows, 1.0 * s.rows * s.width * outputs);
  inParallel(pieces.count, [&](int64_t piece) {
    int64_t first = pieces.first(piece), rows = pieces.length(piece);
    for (int64_t i = 0; i < n; i++) {
      Product p{rows, s.outputs[i], s.width, {x + first * s.width, s.width, 1}, packed + at[i]};
      p.c = y[i] + first * s.outputs[i];
      p.stride = s.outputs[i];
      p.bias = biases == nullptr ? nullptr : biases[i];
      multiply(p);
    }
  });
}

void linearInputGradient(const LinearSizes& s, const float* const* weights, const float* const* dy, float* dx) {
  const int64_t n = s.outputs.size();
  std::vector<int64_t> at(n);
  int64_t total = 0, outputs = 0;
  for (int64_t i = 0; i < n; i++) {
    at[i] = total;
    total += packedSize(s.outputs[i], s.width);
    outputs += s.outputs[i];
  }
  float* packed = room(scratchOfThread(0), total);
  for (int64_t i = 0; i < n; i++) pack({weights[i], s.width, 1}, s.outputs[i], s.width, packed + at[i]);
  Pieces pieces(s.rows, kRows, 1.0 * s.rows * s.width * outputs);
  inParallel(pieces.count, [&](int64_t piece) {
    int64_t first = pieces.first(piece), rows = pieces.length(piece);
    for (int64_t i = 0; i < n; i++) {
      Product p{rows, s.width, s.outputs[i], {dy[i] + first * s.outputs[i], s.outputs[i], 1}, packed + at[i]};
      p.c = dx + first * s.width;
      p.stride = s.width;
      p.onto = i > 0;
      multiply(p);
    }
  });
}

void linearWeightGradient(const LinearSizes& s, const float* x, const float* const* dy, float* const* dWeights,
                          float* const* dBiases) {
  const int64_t n = s.outputs.size(), rows = s.rows / s.shards;
  auto run = [&](int64_t shard, int64_t i, int64_t first, int64_t length, const float* packed) {
    const int64_t out = s.outputs[i];
    const float* dyOf = dy[i] + shard * rows * out + first;
    Product p{length, s.width, rows, {dyOf, 1, out}, packed};
    p.c = dWeights[i] + (shard * out + first) * s.width;
    p.stride = s.width;
    multiply(p);
    if (dBiases == nullptr) return;
    eachLanes(length, [&](int64_t j, int n) {
      Lanes sums = all(0.f);
      for (int64_t r = 0; r < rows; r++) sums = sums + take(dyOf + r * out + j, n);
      put(dBiases[i] + shard * out + first + j, sums, n);
    });
  };
  auto packed = [&](int64_t shard) {
    float* to = room(scratchOfThread(0), packedSize(rows, s.width));
    pack({x + shard * rows * s.width, s.width, 1}, rows, s.width, to);
    return to;
  };
  if (s.shards > 1) {
    inParallel(s.shards, [&](int64_t shard) {
      const float* own = packed(shard);
      for (int64_t i = 0; i < n; i++) run(shard, i, 0, s.outputs[i], own);
    });
    return;
  }
  const float* all = packed(0);
  for (int64_t i = 0; i < n; i++) {
    Pieces pieces(s.outputs[i], kRows, 1.0 * rows * s.width * s.outputs[i]);
    inParallel(pieces.count, [&](int64_t piece) { run(0, i, pieces.first(piece), pieces.length(piece), all); });
  }
}

/** One head's rows [tokens, headSize], turned and multiplied by a factor. */
void turned(const AttentionSizes& s, const float* x, int64_t stride, int64_t tokens, float factor, float* out) {
  const int64_t d = s.headSize, half = d / 2, first = s.keys - tokens;
  for (int64_t t = 0; t < tokens; t++, x += stride, out += d) {
    if (s.cosines == nullptr) {
      for (int64_t j = 0; j < d; j++) out[j] = x[j] * factor;
      continue;
    }
    const float *c = s.cosines + (first + t) * d, *n = s.sines + (first + t) * d;
    for (int64_t j = 0; j < half; j++) out[j] = (x[j] * c[j] + x[j + half] * n[j]) * factor;
    for (int64_t j = half; j < d; j++) out[j] = (x[j] * c[j] + x[j - half] * n[j]) * factor;
  }
}

/** The gradient of `turned`, in place and into the rows of a tensor. */
void turnedBack(const AttentionSizes& s, const float* dy, int64_t tokens, float factor, float* dx, int64_t stride) {
  const int64_t d = s.headSize, half = d / 2, first = s.keys - tokens;
  for (int64_t t = 0; t < tokens; t++, dy += d, dx += stride) {
    if (s.cosines == nullptr) {
      for (int64_t j = 0; j < d; j++) dx[j] = dy[j] * factor;
      continue;
    }
    const float *c = s.cosines + (first + t) * d, *n = s.sines + (first + t) * d;
    for (int64_t j = 0; j < half; j++) dx[j] = (dy[j] * c[j] + dy[j + half] * n[j + half]) * factor;
    for (int64_t j = half; j < d; j++) dx[j] = (dy[j] * c[j] + dy[j - half] * n[j - half]) * factor;
  }
}

/** Softmax of the first `length` of `size` numbers; the others become 0. */
void softmax(float* x, int64_t length, int64_t size) {
  const float least = -std::numeric_limits<float>::infinity();
  Lanes most = all(least);
  eachLanes(length, [&](int64_t i, int n) { most = max(most, take(x + i, n, least)); });
  const Lanes largest = all(maxOf(most));
  Lanes sums = all(0.f);
  eachLanes(length, [&](int64_t i, int n) {
    Lanes e = exp(take(x + i, n) - largest);
    put(x + i, e, n);
    sums = sums + (n == kLanes ? e : loadSome(x + i, n));
  });
  const Lanes factor = all(1.f / sumOf(sums));
  eachLanes(length, [&](int64_t i, int n) { put(x + i, take(x + i, n) * factor, n); });
  std::fill(x + length, x + size, 0.f);
}

void attention(const AttentionSizes& s, const float* q, const float* k, const float* v, float* y, float* weights) {
  const int64_t d = s.headSize, groups = s.heads / s.keyValueHeads;
  const int64_t width = s.heads * d, keyValueWidth = s.keyValueHeads * d, seen = s.causal ? s.keys - s.queries : -1;
  const float factor = 1.f / std::sqrt(static_cast<float>(d));
  auto run = [&](int64_t task) {
    const int64_t b = task / s.keyValueHeads, kv = task % s.keyValueHeads;
    float* keys = room(scratchOfThread(0), s.keys * d);
    turned(s, k + b * s.keys * keyValueWidth + kv * d, keyValueWidth, s.keys, 1.f, keys);
    float* packedKeys = room(scratchOfThread(1), packedSize(d, s.keys));
    pack({keys, 1, d}, d, s.keys, packedKeys);
    float* packedValues = room(scratchOfThread(2), packedSize(s.keys, d));
    pack({v + b * s.keys * keyValueWidth + kv * d, keyValueWidth, 1}, s.keys, d, packedValues);
    for (int64_t h = kv * groups; h < (kv + 1) * groups; h++) {
      const int64_t at = b * s.queries * width + h * d;
      float* queries = room(scratchOfThread(3), s.queries * d);
      turned(s, q + at, width, s.queries, factor, queries);
      float* scores = weights + (b * s.heads + h) * s.queries * s.keys;
      Product product{s.queries, s.keys, d, {queries, d, 1}, packedKeys};
      product.c = scores;
      product.stride = s.keys;
      product.causalColumns = seen;
      multiply(product);
      for (int64_t i = 0; i < s.queries; i++)
        softmax(scores + i * s.keys, s.causal ? seen + i + 1 : s.keys, s.keys);
      Product sums{s.queries, d, s.keys, {scores, s.keys, 1}, packedValues};
      sums.c = y + at;
      sums.stride = width;
      sums.causalInner = seen;
      multiply(sums);
    }
  };
  inParallel(s.batch * s.keyValueHeads, run);
}

void attentionGradient(const AttentionSizes& s, const float* q, const float* k, const float* v, const float* weights,
                       const float* dy, float* dq, float* dk, float* dv) {
  const int64_t d = s.headSize, groups = s.heads / s.keyValueHeads;
  const int64_t width = s.heads * d, keyValueWidth = s.keyValueHeads * d, seen = s.causal ? s.keys - s.queries : -1;
  const float factor = 1.f / std::sqrt(static_cast<float>(d));
  auto run = [&](int64_t task) {
    const int64_t b = task / s.keyValueHeads, kv = task % s.keyValueHeads;
    const int64_t keysAt = b * s.keys * keyValueWidth + kv * d;
    float* turnedRows = room(scratchOfThread(0), (s.keys + 2 * s.queries + s.keys) * d);
    float *keys = turnedRows, *queries = keys + s.keys * d, *dQueries = queries + s.queries * d;
    float* dKeys = dQueries + s.queries * d;
    turned(s, k + keysAt, keyValueWidth, s.keys, 1.f, keys);
    float* packedKeys = room(scratchOfThread(1), packedSize(s.keys, d));
    pack({keys, d, 1}, s.keys, d, packedKeys);
    float* packedValues = room(scratchOfThread(2), packedSize(d, s.keys));
    pack({v + keysAt, 1, keyValueWidth}, d, s.keys, packedValues);
    float* packedRows = room(scratchOfThread(3), packedSize(s.queries, d));
    float* dScores = room(scratchOfThread(4), s.queries * s.keys);
    for (int64_t g = 0; g < groups; g++) {
      const int64_t h = kv * groups + g, at = b * s.queries * width + h * d;
      const float* p = weights + (b * s.heads + h) * s.queries * s.keys;
      Product products{s.queries, s.keys, d, {dy + at, width, 1}, packedValues};
      products.c = dScores;
      products.stride = s.keys;
      products.causalColumns = seen;
      multiply(products);
      for (int64_t i = 0; i < s.queries; i++) {
        const int64_t length = s.causal ? seen + i + 1 : s.keys;
        const float* weight = p + i * s.keys;
        float* row = dScores + i * s.keys;
        Lanes dots = all(0.f);
        eachLanes(length, [&](int64_t j, int n) { dots = fma(take(row + j, n), take(weight + j, n), dots); });
        const Lanes dot = all(sumOf(dots));
        eachLanes(length, [&](int64_t j, int n) { put(row + j, (take(row + j, n) - dot) * take(weight + j, n), n); });
        std::fill(row + length, row + s.keys, 0.f);
      }
      pack({dy + at, width, 1}, s.queries, d, packedRows);
      Product values{s.keys, d, s.queries, {p, 1, s.keys}, packedRows};
      values.c = dv + keysAt;
      values.stride = keyValueWidth;
      values.onto = g > 0;
      values.causalFrom = seen;
      multiply(values);
      Product toQueries{s.queries, d, s.keys, {dScores, s.keys, 1}, packedKeys};
      toQueries.c = dQueries;
      toQueries.stride = d;
      toQueries.causalInner = seen;
      multiply(toQueries);
      turnedBack(s, dQueries, s.queries, factor, dq + at, width);
      turned(s, q + at, width, s.queries, factor, queries);
      pack({queries, d, 1}, s.queries, d, packedRows);
      Product toKeys{s.keys, d, s.queries, {dScores, 1, s.keys}, packedRows};
      toKeys.c = dKeys;
      toKeys.stride = d;
      toKeys.onto = g > 0;
      toKeys.causalFrom = seen;
      multiply(toKeys);
    }
    turnedBack(s, dKeys, s.keys, 1.f, dk + keysAt, keyValueWidth);
  };
  inParallel(s.batch * s.keyValueHeads, run);
}

void norm(const NormSizes& s, const float* x, const float* gain, const float* bias, float* y, float* normal,
          float* scale) {
  Pieces pieces(s.rows, 1, 8.0 * s.rows * s.width);
  inParallel(pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.first(piece); r < pieces.first(piece) + pieces.length(piece); r++) {
      const float* row = x + r * s.width;
      float* out = normal + r * s.width;
      Lanes mean = all(0.f);
      if (s.centred) {
        Lanes sums = all(0.f);
        eachLanes(s.width, [&](int64_t i, int n) { sums = sums + take(row + i, n); });
        mean = all(sumOf(sums) / s.width);
      }
      Lanes squares = all(0.f);
      eachLanes(s.width, [&](int64_t i, int n) {
        Lanes centred = take(row + i, n) - mean;
        put(out + i, centred, n);
        Lanes own = n == kLanes ? centred : loadSome(out + i, n);
        squares = fma(own, own, squares);
      });
      scale[r] = std::sqrt(sumOf(squares) / s.width + s.epsilon);
      const Lanes divisor = all(scale[r]);
      eachLanes(s.width, [&](int64_t i, int n) {
        Lanes own = take(out + i, n) / divisor;
        put(out + i, own, n);
        Lanes scaled = own * take(gain + i, n);
        put(y + r * s.width + i, bias == nullptr ? scaled : scaled + take(bias + i, n), n);
      });
    }
  });
}

void normGradient(const NormSizes& s, const float* dy, const float* normal, const float* scale, const float* gain,
                  float* dx, float* dGain, float* dBias) {
  Pieces pieces(s.rows, 1, 8.0 * s.rows * s.width);
  inParallel(pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.first(piece); r < pieces.first(piece) + pieces.length(piece); r++) {
      const float *dyRow = dy + r * s.width, *row = normal + r * s.width;
      Lanes sums = all(0.f), products = all(0.f);
      eachLanes(s.width, [&](int64_t i, int n) {
        Lanes d = take(dyRow + i, n) * take(gain + i, n);
        sums = sums + d;
        products = fma(d, take(row + i, n), products);
      });
      const Lanes mean = all(s.centred ? sumOf(sums) / s.width : 0.f), along = all(sumOf(products) / s.width);
      const Lanes divisor = all(scale[r]);
      eachLanes(s.width, [&](int64_t i, int n) {
        Lanes d = take(dyRow + i, n) * take(gain + i, n);
        put(dx + r * s.width + i, (d - mean - take(row + i, n) * along) / divisor, n);
      });
    }
  });
  const int64_t perShard = s.rows / s.shards, block = 4 * kLanes, blocks = (s.width + block - 1) / block;
  auto run = [&](int64_t task) {
    const int64_t shard = task / blocks, from = task % blocks * block, to = std::min(s.width, from + block);
    eachLanes(to - from, [&](int64_t at, int n) {
      const int64_t i = from + at;
      Lanes gains = all(0.f), biases = all(0.f);
      for (int64_t r = shard * perShard; r < (shard + 1) * perShard; r++) {
        Lanes d = take(dy + r * s.width + i, n);
        gains = fma(d, take(normal + r * s.width + i, n), gains);
        biases = biases + d;
      }
      put(dGain + shard * s.width + i, gains, n);
      if (dBias != nullptr) put(dBias + shard * s.width + i, biases, n);
    });
  };
  if (1.0 * s.rows * s.width < 1e5)
    for (int64_t t = 0; t < s.shards * blocks; t++) run(t);
  else
    inParallel(s.shards * blocks, run);
}

/** Calls f(i, n) for lanes of `size` numbers, in pieces. */
template <typename F>
void everyLanes(int64_t size, F f) {
  Pieces pieces(size, kLanes, 20.0 * size);
  inParallel(pieces.count, [&](int64_t piece) {
    const int64_t first = pieces.first(piece);
    eachLanes(pieces.length(piece), [&](int64_t i, int n) { f(first + i, n); });
  });
}

void gate(Gate kind, int64_t size, const float* x, float* y) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes v = take(x + i, n);
    Lanes share = kind == Gate::quickGelu ? sigmoid(v * all(1.702f))
                                          : (erf(v * all(0.70710678118654752f)) + all(1.f)) * all(0.5f);
    put(y + i, v * share, n);
  });
}

void gateGradient(Gate kind, int64_t size, const float* dy, const float* x, float* dx) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes v = take(x + i, n), slope;
    if (kind == Gate::quickGelu) {
      Lanes share = sigmoid(v * all(1.702f));
      slope = share + v * share * all(1.702f) * (all(1.f) - share);
    } else {
      Lanes share = (erf(v * all(0.70710678118654752f)) + all(1.f)) * all(0.5f);
      slope = share + v * exp(v * v * all(-0.5f)) * all(0.3989422804014327f);
    }
    put(dx + i, take(dy + i, n) * slope, n);
  });
}

void swiglu(int64_t size, const float* gate, const float* up, float* y) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes g = take(gate + i, n);
    put(y + i, g * sigmoid(g) * take(up + i, n), n);
  });
}

void swigluGradient(int64_t size, const float* dy, const float* gate, const float* up, float* dGate, float* dUp) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes g = take(gate + i, n), d = take(dy + i, n), share = sigmoid(g), silu = g * share;
    put(dGate + i, d * take(up + i, n) * (share + silu * (all(1.f) - share)), n);
    put(dUp + i, d * silu, n);
  });
}

void crossEntropy(int64_t rows, int64_t vocabulary, const float* logits, const int32_t* targets, const float* weights,
                  float* losses) {
  const float least = -std::numeric_limits<float>::infinity();
  Pieces pieces(rows, 1, 20.0 * rows * vocabulary);
  inParallel(pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.first(piece); r < pieces.first(piece) + pieces.length(piece); r++) {
      const float* row = logits + r * vocabulary;
      Lanes most = all(least), sums = all(0.f);
      eachLanes(vocabulary, [&](int64_t i, int n) { most = max(most, take(row + i, n, least)); });
      const float largest = maxOf(most);
      eachLanes(vocabulary, [&](int64_t i, int n) {
        alignas(64) float part[kLanes];
        Lanes e = exp(take(row + i, n) - all(largest));
        store(part, e);
        sums = sums + (n == kLanes ? e : loadSome(part, n));
      });
      const float logSum = static_cast<float>(std::log(static_cast<double>(sumOf(sums))));
      losses[r] = (logSum - (row[targets[r]] - largest)) * weights[r];
    }
  });
}

void crossEntropyGradient(int64_t rows, int64_t vocabulary, const float* logits, const int32_t* targets,
                          const float* weights, const float* dLosses, float* dLogits) {
  Pieces pieces(rows, 1, 20.0 * rows * vocabulary);
  inParallel(pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.first(piece); r < pieces.first(piece) + pieces.length(piece); r++) {
      float* row = dLogits + r * vocabulary;
      std::copy(logits + r * vocabulary, logits + (r + 1) * vocabulary, row);
      softmax(row, vocabulary, vocabulary);
      row[targets[r]] -= 1.f;
      const Lanes factor = all(weights[r] * dLosses[r]);
      eachLanes(vocabulary, [&](int64_t i, int n) { put(row + i, take(row + i, n) * factor, n); });
    }
  });
}

void treeSum(int64_t shards, int64_t size, const float* x, float* sums) {
  Pieces pieces(size, kLanes, 4.0 * size * shards);
  inParallel(pieces.count, [&](int64_t piece) {
    const int64_t first = pieces.first(piece);
    eachLanes(pieces.length(piece), [&](int64_t at, int n) {
      const float* own = x + first + at;
      // A binary counter: what has waited at a level is added when its neighbour comes.
      Lanes waiting[32];
      for (int64_t shard = 0; shard < shards; shard++) {
        Lanes sum = take(own + shard * size, n);
        int level = 0;
        for (int64_t count = shard; count & 1; count >>= 1, level++) sum = waiting[level] + sum;
        waiting[level] = sum;
      }
      int top = 0;
      while ((int64_t{1} << top) < shards) top++;
      put(sums + first + at, waiting[top], n);
    });
  });
}

}  // namespace
}  // namespace ISA

extern const Kernels KERNELS = {
    ISA::linear,    ISA::linearInputGradient, ISA::linearWeightGradient, ISA::attention,   ISA::attentionGradient,
    ISA::norm,      ISA::normGradient,        ISA::gate,                 ISA::gateGradient, ISA::swiglu,
    ISA::swigluGradient, ISA::crossEntropy,   ISA::crossEntropyGradient, ISA::treeSum,
};
