// C = A B (+ C, + bias). Every number of C is one chain of fused multiply-adds over the inner index in its order, whatever
// the sizes, the blocks, the threads and the width of a register: so a row has the same bits among any other rows.
#pragma once
#include <algorithm>
#include <vector>
#include "lanes.h"

namespace ISA {

/** A matrix in memory: number (i, j) lies at p[i * row + j * column]. */
struct Matrix {
  const float* p;
  int64_t row, column;
};

// A tile of C is kRows rows by kVectors registers: 24 or 12 sums, which with the numbers they need fill the registers.
constexpr int kVectors = 3;
#ifdef __AVX512F__
using Vector = __m512;
using Mask = __mmask16;
constexpr int kVector = 16, kRows = 8;
static inline Vector vload(const float* p) { return _mm512_loadu_ps(p); }
static inline void vstore(float* p, Vector x) { _mm512_storeu_ps(p, x); }
static inline Vector vall(float x) { return _mm512_set1_ps(x); }
static inline Vector vfma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
static inline Mask maskOf(int n) { return static_cast<Mask>((1u << n) - 1); }
static inline Vector vloadSome(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
static inline void vstoreSome(float* p, Vector x, Mask mask) { _mm512_mask_storeu_ps(p, mask, x); }
#else
using Vector = __m256;
using Mask = __m256i;
constexpr int kVector = 8, kRows = 4;
static inline Vector vload(const float* p) { return _mm256_loadu_ps(p); }
static inline void vstore(float* p, Vector x) { _mm256_storeu_ps(p, x); }
static inline Vector vall(float x) { return _mm256_set1_ps(x); }
static inline Vector vfma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
static inline Mask maskOf(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline Vector vloadSome(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
static inline void vstoreSome(float* p, Vector x, Mask mask) { _mm256_maskstore_ps(p, mask, x); }
#endif
constexpr int kPanel = kVectors * kVector;

using Scratch = std::vector<float>;
static inline float* room(Scratch& scratch, int64_t size) {
  if (static_cast<int64_t>(scratch.size()) < size) scratch.resize(size);
  return scratch.data();
}

/** Eight rows of eight floats, `from` apart, to columns `to` apart. */
static inline void transpose8(const float* p, int64_t from, float* out, int64_t to) {
  __m256 r[8], s[8];
  for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(p + i * from);
  for (int i = 0; i < 4; i++) {
    s[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    s[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) {
      __m256 a = s[4 * i + j], b = s[4 * i + j + 2];
      r[4 * i + 2 * j] = _mm256_shuffle_ps(a, b, 0x44);
      r[4 * i + 2 * j + 1] = _mm256_shuffle_ps(a, b, 0xEE);
    }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(out + i * to, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * to, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

/** B [inner, columns] in panels of kPanel columns; what the last has over is never read into C. */
static inline int64_t packedSize(int64_t inner, int64_t columns) {
  return inner * ((columns + kPanel - 1) / kPanel) * kPanel;
}
static inline void pack(const Matrix& b, int64_t inner, int64_t columns, float* packed) {
  for (int64_t j = 0; j < columns; j += kPanel, packed += inner * kPanel) {
    const int64_t n = std::min<int64_t>(kPanel, columns - j);
    if (b.column == 1) {
      for (int64_t k = 0; k < inner; k++) std::memcpy(packed + k * kPanel, b.p + k * b.row + j, n * sizeof(float));
      continue;
    }
    for (int64_t i = 0; i < n; i += 8) {
      const float* from = b.p + (j + i) * b.column;
      int64_t k = 0;
      if (b.row == 1 && i + 8 <= n)
        for (; k + 8 <= inner; k += 8) transpose8(from + k, b.column, packed + k * kPanel + i, kPanel);
      for (; k < inner; k++)
        for (int64_t c = 0; c < std::min<int64_t>(8, n - i); c++)
          packed[k * kPanel + i + c] = from[c * b.column + k * b.row];
    }
  }
}

struct Product {
  int64_t rows, columns, inner;
  Matrix a;
  /** As `pack` left it. */
  const float* b;
  float* c;
  /** From row to row of C. */
  int64_t stride;
  /** Added to every row, [columns]; null: nothing. */
  const float* bias = nullptr;
  /** The chains go on from what C holds. */
  bool onto = false;
  /** Of row i only columns below `first + i + 1` are asked for; negative: all. */
  int64_t causalColumns = -1;
  /** Of row i numbers of A below `first + i + 1` alone are not zero; negative: all. */
  int64_t causalInner = -1;
  /** Of row i numbers of A from i - first on alone are not zero; negative: all. */
  int64_t causalFrom = -1;
};

/** R rows by V registers of C, of the last register the columns of the mask. Rows of A: side by side, or `step` apart. */
template <int R, int V, bool sideBySide>
static inline void tile(int64_t inner, const float* a, int64_t step, const float* b, const float* start,
                        int64_t startStep, float* c, int64_t stride, Mask mask) {
  Vector sum[R][V];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++)
      sum[r][v] = start == nullptr ? vall(0.f)
                  : v < V - 1      ? vload(start + r * startStep + v * kVector)
                                   : vloadSome(start + r * startStep + v * kVector, mask);
  for (int64_t k = 0; k < inner; k++) {
    Vector column[V];
    for (int v = 0; v < V; v++) column[v] = vload(b + v * kVector);
    b += kPanel;
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      Vector x = vall(sideBySide ? a[r] : a[r * step]);
      for (int v = 0; v < V; v++) sum[r][v] = vfma(x, column[v], sum[r][v]);
    }
    a += sideBySide ? step : 1;
  }
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++)
      v < V - 1 ? vstore(c + r * stride + v * kVector, sum[r][v])
                : vstoreSome(c + r * stride + v * kVector, sum[r][v], mask);
}

using Tile = void (*)(int64_t, const float*, int64_t, const float*, const float*, int64_t, float*, int64_t, Mask);
template <int R>
static inline Tile tileOf(int vectors, bool sideBySide) {
  static constexpr Tile tiles[2][kVectors] = {{tile<R, 1, false>, tile<R, 2, false>, tile<R, 3, false>},
                                              {tile<R, 1, true>, tile<R, 2, true>, tile<R, 3, true>}};
  return tiles[sideBySide][vectors - 1];
}

/** A's rows lie side by side (a.row = 1) or are dense (a.column = 1). */
static inline void multiply(const Product& p) {
  const bool sideBySide = p.a.row == 1;
  // A piece of a panel of B and the rows of A beside it stay in the first cache; the chains go on from piece to piece.
  constexpr int64_t most = 128;
  const int64_t numPieces = std::max<int64_t>(1, (p.inner + most - 1) / most);
  const int64_t piece = (p.inner + numPieces - 1) / numPieces;
  const int64_t group = std::max<int64_t>(kRows, 4096 / std::max<int64_t>(1, piece) / kRows * kRows);
  for (int64_t first = 0; first < p.rows; first += group) {
    const int64_t end = std::min(p.rows, first + group);
    for (int64_t begin = 0; begin == 0 || begin < p.inner; begin += piece) {
      // Rows that lie side by side are far apart from one inner index to the next: they are brought together.
      static thread_local Scratch together;
      const float* a = p.a.p + first * p.a.row + begin * p.a.column;
      if (sideBySide) {
        float* copy = room(together, group * piece);
        for (int64_t k = 0; k < std::min(piece, p.inner - begin); k++)
          std::memcpy(copy + k * group, a + k * p.a.column, (end - first) * sizeof(float));
        a = copy;
      }
      const int64_t row = sideBySide ? 1 : p.a.row, column = sideBySide ? group : 1;
      for (int64_t j = 0; j < p.columns; j += kPanel) {
        const int width = static_cast<int>(std::min<int64_t>(kPanel, p.columns - j));
        const int vectors = (width + kVector - 1) / kVector;
        const Mask mask = maskOf(width - (vectors - 1) * kVector);
        for (int64_t i = first, n; i < end; i += n) {
          const int64_t left = end - i;
          n = left >= kRows ? kRows : left >= 4 ? 4 : left >= 2 ? 2 : 1;
          if (p.causalColumns >= 0 && j > p.causalColumns + i + n - 1) continue;
          const int64_t to = std::min({p.inner, begin + piece, p.causalInner >= 0 ? p.causalInner + i + n : p.inner});
          const int64_t from = std::min(to, std::max(begin, p.causalFrom >= 0 ? i - p.causalFrom : 0));
          const bool onto = p.onto || begin > 0;
          if (onto && from >= to) continue;
          float* c = p.c + i * p.stride + j;
          const float* start = onto ? c : p.bias == nullptr ? nullptr : p.bias + j;
          const Tile run = n == kRows ? tileOf<kRows>(vectors, sideBySide)
                           : n == 4   ? tileOf<4>(vectors, sideBySide)
                           : n == 2   ? tileOf<2>(vectors, sideBySide)
                                      : tileOf<1>(vectors, sideBySide);
          run(std::max<int64_t>(0, to - from), a + (i - first) * row + (from - begin) * column, sideBySide ? column : row,
              p.b + j * p.inner + from * kPanel, start, onto ? p.stride : 0, c, p.stride, mask);
        }
      }
    }
  }
}

}  // namespace ISA
