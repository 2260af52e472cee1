// What several kernels share: scratch memory of a thread, work cut into pieces, softmax of a row.
#pragma once
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

}  // namespace
}  // namespace ISA
