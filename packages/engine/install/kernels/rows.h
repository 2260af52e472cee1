// Norms, gates, cross-entropy and sums over shards: what reads its numbers once.
#pragma once
#include <cmath>
#include "kernels.h"
#include "pieces.h"

namespace ISA {
namespace {

/** Calls f(r) for each row, in pieces. */
template <typename F>
void everyRow(int64_t rows, double operations, F f) {
  Pieces pieces(rows, 1, operations);
  inParallel(pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.first(piece); r < pieces.first(piece) + pieces.length(piece); r++) f(r);
  });
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

void norm(const NormSizes& s, const float* x, const float* gain, const float* bias, float* y, float* normal,
          float* scale) {
  everyRow(s.rows, 8.0 * s.rows * s.width, [&](int64_t r) {
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
  });
}

void normGradient(const NormSizes& s, const float* dy, const float* normal, const float* scale, const float* gain,
                  float* dx, float* dGain, float* dBias) {
  everyRow(s.rows, 8.0 * s.rows * s.width, [&](int64_t r) {
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

/** What a gate lets through. */
Lanes shareOf(Gate kind, Lanes v) {
  return kind == Gate::quickGelu ? sigmoid(v * all(1.702f))
                                 : (erf(v * all(0.70710678118654752f)) + all(1.f)) * all(0.5f);
}

void gate(Gate kind, int64_t size, const float* x, float* y) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes v = take(x + i, n);
    put(y + i, v * shareOf(kind, v), n);
  });
}

void gateGradient(Gate kind, int64_t size, const float* dy, const float* x, float* dx) {
  everyLanes(size, [&](int64_t i, int n) {
    Lanes v = take(x + i, n), share = shareOf(kind, v);
    Lanes slope = kind == Gate::quickGelu
                      ? share + v * share * all(1.702f) * (all(1.f) - share)
                      : share + v * exp(v * v * all(-0.5f)) * all(0.3989422804014327f);
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
  everyRow(rows, 20.0 * rows * vocabulary, [&](int64_t r) {
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
  });
}

void crossEntropyGradient(int64_t rows, int64_t vocabulary, const float* logits, const int32_t* targets,
                          const float* weights, const float* dLosses, float* dLogits) {
  everyRow(rows, 20.0 * rows * vocabulary, [&](int64_t r) {
    float* row = dLogits + r * vocabulary;
    std::copy(logits + r * vocabulary, logits + (r + 1) * vocabulary, row);
    softmax(row, vocabulary, vocabulary);
    row[targets[r]] -= 1.f;
    const Lanes factor = all(weights[r] * dLosses[r]);
    eachLanes(vocabulary, [&](int64_t i, int n) { put(row + i, take(row + i, n) * factor, n); });
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
