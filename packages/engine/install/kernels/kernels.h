// What the fused operations compute, on plain arrays: one set of functions for each kind of processor (kernels.cc is built
// for both). R = rows, D = width, S = shards: rows are shard-major. All arrays are dense and row-major.
#pragma once
#include <cstdint>
#include <vector>

struct LinearSizes {
  int64_t rows, width, shards;
  /** Columns of each weight [output, width]. */
  std::vector<int64_t> outputs;
};

struct AttentionSizes {
  int64_t batch, queries, keys, heads, keyValueHeads, headSize;
  /** Query i sees the keys up to keys - queries + i. */
  bool causal;
  /** Cosines and signed sines [keys, headSize] of rotary embeddings; null: not rotated. */
  const float *cosines, *sines;
};

struct NormSizes {
  int64_t rows, width, shards;
  /** Layer normalisation; else root mean square alone. */
  bool centred;
  float epsilon;
};

enum class Gate { gelu, quickGelu };

struct Kernels {
  void (*linear)(const LinearSizes&, const float* x, const float* const* weights, const float* const* biases,
                 float* const* y);
  void (*linearInputGradient)(const LinearSizes&, const float* const* weights, const float* const* dy, float* dx);
  /** dBiases null: none asked for. */
  void (*linearWeightGradient)(const LinearSizes&, const float* x, const float* const* dy, float* const* dWeights,
                               float* const* dBiases);
  void (*attention)(const AttentionSizes&, const float* q, const float* k, const float* v, float* y, float* weights);
  void (*attentionGradient)(const AttentionSizes&, const float* q, const float* k, const float* v,
                            const float* weights, const float* dy, float* dq, float* dk, float* dv);
  void (*norm)(const NormSizes&, const float* x, const float* gain, const float* bias, float* y, float* normal,
               float* scale);
  void (*normGradient)(const NormSizes&, const float* dy, const float* normal, const float* scale, const float* gain,
                       float* dx, float* dGain, float* dBias);
  void (*gate)(Gate, int64_t size, const float* x, float* y);
  void (*gateGradient)(Gate, int64_t size, const float* dy, const float* x, float* dx);
  void (*swiglu)(int64_t size, const float* gate, const float* up, float* y);
  void (*swigluGradient)(int64_t size, const float* dy, const float* gate, const float* up, float* dGate, float* dUp);
  void (*crossEntropy)(int64_t rows, int64_t vocabulary, const float* logits, const int32_t* targets,
                       const float* weights, float* losses);
  void (*crossEntropyGradient)(int64_t rows, int64_t vocabulary, const float* logits, const int32_t* targets,
                               const float* weights, const float* dLosses, float* dLogits);
  /** Sums over the shards of x [S, size], in a balanced binary tree over neighbours. */
  void (*treeSum)(int64_t shards, int64_t size, const float* x, float* sums);
};

extern const Kernels kernelsAvx2, kernelsAvx512;
