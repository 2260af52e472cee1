// Linear maps of one input by several weights, and their gradients by shard.
#pragma once
#include "kernels.h"
#include "pieces.h"

namespace ISA {
namespace {

/** Several weights [O, D], packed one after the other: as they are, or transposed. */
struct PackedWeights {
  std::vector<const float*> each;
  int64_t outputs = 0;
  PackedWeights(const LinearSizes& s, const float* const* weights, bool transposed) {
    std::vector<int64_t> at;
    int64_t size = 0;
    for (int64_t out : s.outputs) {
      at.push_back(size);
      size += transposed ? packedSize(s.width, out) : packedSize(out, s.width);
      outputs += out;
    }
    float* packed = room(scratchOfThread(0), size);
    for (size_t i = 0; i < at.size(); i++) {
      if (transposed) pack({weights[i], 1, s.width}, s.width, s.outputs[i], packed + at[i]);
      else pack({weights[i], s.width, 1}, s.outputs[i], s.width, packed + at[i]);
      each.push_back(packed + at[i]);
    }
  }
};

void linear(const LinearSizes& s, const float* x, const float* const* weights, const float* const* biases,
            float* const* y) {
  const PackedWeights packed(s, weights, true);
  Pieces pieces(s.rows, kRows, 1.0 * s.rows * s.width * packed.outputs);
  inParallel(pieces.count, [&](int64_t piece) {
    int64_t first = pieces.first(piece), rows = pieces.length(piece);
    for (size_t i = 0; i < s.outputs.size(); i++) {
      Product p{rows, s.outputs[i], s.width, {x + first * s.width, s.width, 1}, packed.each[i]};
      p.c = y[i] + first * s.outputs[i];
      p.stride = s.outputs[i];
      p.bias = biases == nullptr ? nullptr : biases[i];
      multiply(p);
    }
  });
}

void linearInputGradient(const LinearSizes& s, const float* const* weights, const float* const* dy, float* dx) {
  const PackedWeights packed(s, weights, false);
  Pieces pieces(s.rows, kRows, 1.0 * s.rows * s.width * packed.outputs);
  inParallel(pieces.count, [&](int64_t piece) {
    int64_t first = pieces.first(piece), rows = pieces.length(piece);
    for (size_t i = 0; i < s.outputs.size(); i++) {
      Product p{rows, s.width, s.outputs[i], {dy[i] + first * s.outputs[i], s.outputs[i], 1}, packed.each[i]};
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

}  // namespace
}  // namespace ISA
