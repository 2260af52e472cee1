// Sixteen floats at a time, the same bits with AVX2 and with AVX-512: one register or two, the same lanes in the same order.
// Built with -ffp-contract=off: a product and a sum are fused where `fma` says so, nowhere else.
#pragma once
#include <immintrin.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace ISA {

constexpr int kLanes = 16;

#ifdef __AVX512F__
struct Lanes {
  __m512 v;
};
static inline Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
static inline void store(float* p, Lanes a) { _mm512_storeu_ps(p, a.v); }
static inline Lanes all(float x) { return {_mm512_set1_ps(x)}; }
static inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
static inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
static inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
static inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
static inline Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
static inline Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
static inline Lanes min(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
/** x * 2^n for the whole number n that the lowest bits of `shifted` hold. */
static inline Lanes scaledBy(Lanes x, Lanes shifted) {
  __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(shifted.v), 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x.v), bits))};
}
#else
struct Lanes {
  __m256 a, b;
};
static inline Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline void store(float* p, Lanes x) { _mm256_storeu_ps(p, x.a), _mm256_storeu_ps(p + 8, x.b); }
static inline Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline Lanes operator+(Lanes x, Lanes y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
static inline Lanes operator-(Lanes x, Lanes y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
static inline Lanes operator*(Lanes x, Lanes y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
static inline Lanes operator/(Lanes x, Lanes y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
static inline Lanes fma(Lanes x, Lanes y, Lanes z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
static inline Lanes max(Lanes x, Lanes y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
static inline Lanes min(Lanes x, Lanes y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
static inline __m256 scaledHalf(__m256 x, __m256 shifted) {
  __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), bits));
}
static inline Lanes scaledBy(Lanes x, Lanes shifted) {
  return {scaledHalf(x.a, shifted.a), scaledHalf(x.b, shifted.b)};
}
#endif

/** The first n of 16 floats, `fill` in the other lanes. */
static inline Lanes loadSome(const float* p, int n, float fill = 0.f) {
  alignas(64) float part[kLanes];
  for (int i = 0; i < kLanes; i++) part[i] = i < n ? p[i] : fill;
  return load(part);
}
static inline void storeSome(float* p, Lanes x, int n) {
  alignas(64) float part[kLanes];
  store(part, x);
  for (int i = 0; i < n; i++) p[i] = part[i];
}

/** Sum and largest of the lanes, in a fixed tree. */
static inline float sumOf(Lanes x) {
  alignas(64) float part[kLanes];
  store(part, x);
  for (int half = kLanes / 2; half >= 1; half /= 2)
    for (int i = 0; i < half; i++) part[i] += part[i + half];
  return part[0];
}
static inline float maxOf(Lanes x) {
  alignas(64) float part[kLanes];
  store(part, x);
  float most = part[0];
  for (int i = 1; i < kLanes; i++) most = part[i] > most ? part[i] : most;
  return most;
}

/** e^x within 2 units in the last place, of -87 at least and 88.3 at most. NaN stays: `max` and `min` give the second if one is. */
static inline Lanes exp(Lanes x) {
  const Lanes low = all(-87.f);
  Lanes clamped = min(all(88.3f), max(low, x));
  // Adding 1.5 * 2^23 rounds to a whole number, which then lies in the lowest bits.
  const Lanes magic = all(12582912.f);
  Lanes shifted = fma(clamped, all(1.44269504088896341f), magic);
  Lanes n = shifted - magic;
  Lanes r = fma(n, all(-0.693359375f), clamped);
  r = fma(n, all(2.12194440e-4f), r);
  Lanes p = all(1.9875691500e-4f);
  p = fma(p, r, all(1.3981999507e-3f));
  p = fma(p, r, all(8.3334519073e-3f));
  p = fma(p, r, all(4.1665795894e-2f));
  p = fma(p, r, all(1.6666665459e-1f));
  p = fma(p, r, all(5.0000001201e-1f));
  return scaledBy(fma(p, r * r, r + all(1.f)), shifted);
}

static inline Lanes sigmoid(Lanes x) { return all(1.f) / (all(1.f) + exp(all(0.f) - x)); }

/** The error function within 3e-7: a ratio of polynomials on [-4, 4] (the one Eigen uses). */
static inline Lanes erf(Lanes x) {
  x = min(all(4.f), max(all(-4.f), x));
  Lanes s = x * x;
  Lanes p = all(-2.72614225801306e-10f);
  p = fma(p, s, all(2.77068142495902e-08f));
  p = fma(p, s, all(-2.10102402082508e-06f));
  p = fma(p, s, all(-5.69250639462346e-05f));
  p = fma(p, s, all(-7.34990630326855e-04f));
  p = fma(p, s, all(-2.95459980854025e-03f));
  p = fma(p, s, all(-1.60960333262415e-02f));
  Lanes q = all(-1.45660718464996e-05f);
  q = fma(q, s, all(-2.13374055278905e-04f));
  q = fma(q, s, all(-1.68282697438203e-03f));
  q = fma(q, s, all(-7.37332916720468e-03f));
  q = fma(q, s, all(-1.42647390514189e-02f));
  return x * p / q;
}

/** Calls f(i, n) for n lanes from number i on, n = 16 but for the last. */
template <typename F>
static inline void eachLanes(int64_t size, F f) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) f(i, kLanes);
  if (i < size) f(i, static_cast<int>(size - i));
}
static inline Lanes take(const float* p, int n, float fill = 0.f) { return n == kLanes ? load(p) : loadSome(p, n, fill); }
static inline void put(float* p, Lanes x, int n) { n == kLanes ? store(p, x) : storeSome(p, x, n); }

}  // namespace ISA
