// Attention head by head: scores, softmax and sums of one head stay in the cache.
#pragma once
#include "kernels.h"
#include "pieces.h"

namespace ISA {
namespace {

/**
 * One head's rows [tokens, headSize], `from` and `to` floats apart, turned by their positions and multiplied by a factor.
 * `back` turns the other way, as gradients go: the halves of the sines change places.
 */
void turn(const AttentionSizes& s, bool back, int64_t tokens, float factor, const float* x, int64_t from, float* out,
          int64_t to) {
  const int64_t d = s.headSize, half = d / 2, first = s.keys - tokens;
  for (int64_t t = 0; t < tokens; t++, x += from, out += to) {
    if (s.cosines == nullptr) {
      for (int64_t j = 0; j < d; j++) out[j] = x[j] * factor;
      continue;
    }
    const float *c = s.cosines + (first + t) * d, *n = s.sines + (first + t) * d;
    const float *low = back ? n + half : n, *high = back ? n : n + half;
    for (int64_t j = 0; j < half; j++) out[j] = (x[j] * c[j] + x[j + half] * low[j]) * factor;
    for (int64_t j = half; j < d; j++) out[j] = (x[j] * c[j] + x[j - half] * high[j - half]) * factor;
  }
}

void attention(const AttentionSizes& s, const float* q, const float* k, const float* v, float* y, float* weights) {
  const int64_t d = s.headSize, groups = s.heads / s.keyValueHeads;
  const int64_t width = s.heads * d, keyValueWidth = s.keyValueHeads * d, seen = s.causal ? s.keys - s.queries : -1;
  const float factor = 1.f / std::sqrt(static_cast<float>(d));
  auto run = [&](int64_t task) {
    const int64_t b = task / s.keyValueHeads, kv = task % s.keyValueHeads;
    float* keys = room(scratchOfThread(0), s.keys * d);
    turn(s, false, s.keys, 1.f, k + b * s.keys * keyValueWidth + kv * d, keyValueWidth, keys, d);
    float* packedKeys = room(scratchOfThread(1), packedSize(d, s.keys));
    pack({keys, 1, d}, d, s.keys, packedKeys);
    float* packedValues = room(scratchOfThread(2), packedSize(s.keys, d));
    pack({v + b * s.keys * keyValueWidth + kv * d, keyValueWidth, 1}, s.keys, d, packedValues);
    for (int64_t h = kv * groups; h < (kv + 1) * groups; h++) {
      const int64_t at = b * s.queries * width + h * d;
      float* queries = room(scratchOfThread(3), s.queries * d);
      turn(s, false, s.queries, factor, q + at, width, queries, d);
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
    turn(s, false, s.keys, 1.f, k + keysAt, keyValueWidth, keys, d);
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
      turn(s, true, s.queries, factor, dQueries, d, dq + at, width);
      turn(s, false, s.queries, factor, q + at, width, queries, d);
      pack({queries, d, 1}, s.queries, d, packedRows);
      Product toKeys{s.keys, d, s.queries, {dScores, 1, s.keys}, packedRows};
      toKeys.c = dKeys;
      toKeys.stride = d;
      toKeys.onto = g > 0;
      toKeys.causalFrom = seen;
      multiply(toKeys);
    }
    turn(s, true, s.keys, 1.f, dKeys, d, dk + keysAt, keyValueWidth);
  };
  inParallel(s.batch * s.keyValueHeads, run);
}

}  // namespace
}  // namespace ISA
