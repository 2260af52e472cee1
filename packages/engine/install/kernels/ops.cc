// The fused operations as TensorFlow's: registered when the addon is loaded, on the CPU, where the processor has AVX2 and
// FMA. Shapes are those of the inputs; fused.ts of the model names the operations and their attributes.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>
#include "kernels.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

namespace {

const Kernels* chosen = nullptr;

struct Attributes {
  int64_t n = 1, m = 0, shards = 1, heads = 1, keyValueHeads = 1;
  bool causal = false, centred = false;
  float epsilon = 0;
  std::string gate;
};

int64_t product(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (int64_t each : shape) size *= each;
  return size;
}

/** One call: its tensors are freed at its end. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }
  const float* input(int i) { return static_cast<const float*>(data(i)); }
  const int32_t* integers(int i) { return static_cast<const int32_t*>(data(i)); }
  std::vector<int64_t> shape(int i) {
    TF_Tensor* tensor = get(i);
    std::vector<int64_t> sizes(TF_NumDims(tensor));
    for (size_t d = 0; d < sizes.size(); d++) sizes[d] = TF_Dim(tensor, d);
    return sizes;
  }
  float* output(int i, const std::vector<int64_t>& shape) {
    const size_t bytes = product(shape) * sizeof(float);
    return static_cast<float*>(TF_TensorData(
        hold(TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), shape.size(), bytes, status_))));
  }
  /** The operation fails; without a reason of TensorFlow's with this one. */
  void fail(TF_Code code, const char* reason) {
    if (TF_GetCode(status_) == TF_OK) TF_SetStatus(status_, code, reason);
    TF_OpKernelContext_Failure(context_, status_);
  }

 private:
  TF_Tensor* get(int i) {
    if (static_cast<int>(inputs_.size()) <= i) inputs_.resize(i + 1, nullptr);
    if (inputs_[i] == nullptr) {
      TF_Tensor* tensor = nullptr;
      TF_GetInput(context_, i, &tensor, status_);
      inputs_[i] = hold(tensor);
    }
    return inputs_[i];
  }
  void* data(int i) { return TF_TensorData(get(i)); }
  TF_Tensor* hold(TF_Tensor* tensor) {
    if (TF_GetCode(status_) != TF_OK) throw std::runtime_error("the tensor cannot be had");
    held_.push_back(tensor);
    return tensor;
  }

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> inputs_, held_;
};

std::vector<int64_t> withLast(std::vector<int64_t> shape, int64_t last) {
  shape.back() = last;
  return shape;
}
std::vector<const float*> inputs(Call& call, int first, int64_t count) {
  std::vector<const float*> all(count);
  for (int64_t i = 0; i < count; i++) all[i] = call.input(first + i);
  return all;
}

// x, N weights [O, D], M biases [O] -> N of [..., O]
void linear(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  LinearSizes sizes{product(shape) / shape.back(), shape.back(), 1, {}};
  std::vector<float*> y(a.n);
  for (int i = 0; i < a.n; i++) {
    sizes.outputs.push_back(call.shape(1 + i)[0]);
    y[i] = call.output(i, withLast(shape, sizes.outputs[i]));
  }
  auto biases = inputs(call, 1 + a.n, a.m);
  chosen->linear(sizes, call.input(0), inputs(call, 1, a.n).data(), a.m == 0 ? nullptr : biases.data(), y.data());
}

// N weights [O, D], N gradients [..., O] -> [..., D]
void linearInputGradient(const Attributes& a, Call& call) {
  auto shape = call.shape(a.n);
  LinearSizes sizes{product(shape) / shape.back(), call.shape(0)[1], 1, {}};
  for (int i = 0; i < a.n; i++) sizes.outputs.push_back(call.shape(i)[0]);
  float* dx = call.output(0, withLast(shape, sizes.width));
  chosen->linearInputGradient(sizes, inputs(call, 0, a.n).data(), inputs(call, a.n, a.n).data(), dx);
}

// x [..., D], N gradients [..., O] -> N of [S, O, D], M of [S, O]
void linearWeightGradient(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  LinearSizes sizes{product(shape) / shape.back(), shape.back(), a.shards, {}};
  std::vector<float*> dWeights(a.n), dBiases(a.m);
  for (int i = 0; i < a.n; i++) {
    sizes.outputs.push_back(call.shape(1 + i).back());
    dWeights[i] = call.output(i, {a.shards, sizes.outputs[i], sizes.width});
  }
  for (int i = 0; i < a.m; i++) dBiases[i] = call.output(a.n + i, {a.shards, sizes.outputs[i]});
  chosen->linearWeightGradient(sizes, call.input(0), inputs(call, 1, a.n).data(), dWeights.data(),
                               a.m == 0 ? nullptr : dBiases.data());
}

AttentionSizes attentionSizes(const Attributes& a, Call& call, int tables) {
  auto q = call.shape(0), k = call.shape(1);
  AttentionSizes sizes{q[0], q[1], k[1], a.heads, a.keyValueHeads, q[2] / a.heads, a.causal, nullptr, nullptr};
  if (a.m > 0) {
    sizes.cosines = call.input(tables);
    sizes.sines = call.input(tables + 1);
  }
  return sizes;
}

// q [B, Tq, H d], k and v [B, Tk, Hkv d], M = 0 or 2 tables [Tk, d] -> [B, Tq, H d] and weights [B, H, Tq, Tk]
void attention(const Attributes& a, Call& call) {
  AttentionSizes s = attentionSizes(a, call, 3);
  float* y = call.output(0, call.shape(0));
  float* weights = call.output(1, {s.batch, s.heads, s.queries, s.keys});
  chosen->attention(s, call.input(0), call.input(1), call.input(2), y, weights);
}

// q, k, v, weights, dy, M tables -> dq, dk, dv
void attentionGradient(const Attributes& a, Call& call) {
  AttentionSizes s = attentionSizes(a, call, 5);
  float *dq = call.output(0, call.shape(0)), *dk = call.output(1, call.shape(1)), *dv = call.output(2, call.shape(2));
  chosen->attentionGradient(s, call.input(0), call.input(1), call.input(2), call.input(3), call.input(4), dq, dk, dv);
}

NormSizes normSizes(const Attributes& a, const std::vector<int64_t>& shape) {
  return {product(shape) / shape.back(), shape.back(), a.shards, a.centred, a.epsilon};
}

// x, gain, M = 0 or 1 bias -> y, normalised x, divisors [..., 1]
void norm(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  float *y = call.output(0, shape), *normal = call.output(1, shape), *scale = call.output(2, withLast(shape, 1));
  chosen->norm(normSizes(a, shape), call.input(0), call.input(1), a.m == 0 ? nullptr : call.input(2), y, normal, scale);
}

// dy, normalised x, divisors, gain -> dx, dGain [S, D], M of dBias [S, D]
void normGradient(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  float *dx = call.output(0, shape), *dGain = call.output(1, {a.shards, shape.back()});
  float* dBias = a.m == 0 ? nullptr : call.output(2, {a.shards, shape.back()});
  chosen->normGradient(normSizes(a, shape), call.input(0), call.input(1), call.input(2), call.input(3), dx, dGain, dBias);
}

Gate gateOf(const Attributes& a) { return a.gate == "quick_gelu" ? Gate::quickGelu : Gate::gelu; }

void gate(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  chosen->gate(gateOf(a), product(shape), call.input(0), call.output(0, shape));
}

void gateGradient(const Attributes& a, Call& call) {
  auto shape = call.shape(0);
  chosen->gateGradient(gateOf(a), product(shape), call.input(0), call.input(1), call.output(0, shape));
}

void swiglu(const Attributes&, Call& call) {
  auto shape = call.shape(0);
  chosen->swiglu(product(shape), call.input(0), call.input(1), call.output(0, shape));
}

void swigluGradient(const Attributes&, Call& call) {
  auto shape = call.shape(0);
  float *dGate = call.output(0, shape), *dUp = call.output(1, shape);
  chosen->swigluGradient(product(shape), call.input(0), call.input(1), call.input(2), dGate, dUp);
}

/** Input 1: which of so many logits each row is about. */
const int32_t* targets(Call& call, int64_t rows, int64_t vocabulary) {
  const int32_t* all = call.integers(1);
  for (int64_t r = 0; r < rows; r++)
    if (all[r] < 0 || all[r] >= vocabulary)
      throw std::out_of_range("target " + std::to_string(all[r]) + " of " + std::to_string(vocabulary) + " logits");
  return all;
}

// logits [N, V], targets [N], weights [N] -> [N]
void crossEntropy(const Attributes&, Call& call) {
  auto shape = call.shape(0);
  chosen->crossEntropy(shape[0], shape[1], call.input(0), targets(call, shape[0], shape[1]), call.input(2),
                       call.output(0, {shape[0]}));
}

// logits, targets, weights, gradients [N] -> [N, V]
void crossEntropyGradient(const Attributes&, Call& call) {
  auto shape = call.shape(0);
  chosen->crossEntropyGradient(shape[0], shape[1], call.input(0), targets(call, shape[0], shape[1]), call.input(2),
                               call.input(3), call.output(0, shape));
}

// N of [S, ...] -> all their sums, one after the other
void treeSum(const Attributes& a, Call& call) {
  std::vector<int64_t> sizes(a.n);
  int64_t total = 0, shards = call.shape(0)[0];
  for (int i = 0; i < a.n; i++) total += sizes[i] = product(call.shape(i)) / shards;
  float* sums = call.output(0, {total});
  for (int i = 0; i < a.n; sums += sizes[i++]) chosen->treeSum(shards, sizes[i], call.input(i), sums);
}

using Compute = void (*)(const Attributes&, Call&);

template <Compute compute>
void run(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  try {
    compute(*static_cast<Attributes*>(kernel), call);
  } catch (const std::bad_alloc& error) {
    call.fail(TF_RESOURCE_EXHAUSTED, error.what());
  } catch (const std::exception& error) {
    call.fail(TF_INVALID_ARGUMENT, error.what());
  }
}

void* readAttributes(TF_OpKernelConstruction* construction) {
  auto* a = new Attributes;
  TF_Status* status = TF_NewStatus();
  // An attribute that the operation does not have leaves its default.
  auto integer = [&](const char* name, int64_t* value) {
    if (TF_OpKernelConstruction_HasAttr(construction, name, status))
      TF_OpKernelConstruction_GetAttrInt64(construction, name, value, status);
  };
  auto boolean = [&](const char* name, bool* value) {
    unsigned char byte = 0;
    if (!TF_OpKernelConstruction_HasAttr(construction, name, status)) return;
    TF_OpKernelConstruction_GetAttrBool(construction, name, &byte, status);
    *value = byte != 0;
  };
  integer("N", &a->n);
  integer("M", &a->m);
  integer("shards", &a->shards);
  integer("heads", &a->heads);
  integer("key_value_heads", &a->keyValueHeads);
  boolean("causal", &a->causal);
  boolean("centred", &a->centred);
  if (TF_OpKernelConstruction_HasAttr(construction, "epsilon", status))
    TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &a->epsilon, status);
  if (TF_OpKernelConstruction_HasAttr(construction, "gate", status)) {
    int32_t list = 0, size = 0;
    TF_OpKernelConstruction_GetAttrSize(construction, "gate", &list, &size, status);
    a->gate.resize(size);
    TF_OpKernelConstruction_GetAttrString(construction, "gate", a->gate.data(), size, status);
  }
  TF_DeleteStatus(status);
  return a;
}

void freeAttributes(void* kernel) { delete static_cast<Attributes*>(kernel); }

template <Compute compute>
void add(const char* name, const std::vector<const char*>& attributes, const std::vector<const char*>& in,
         const std::vector<const char*>& out) {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(name);
  for (const char* each : attributes) TF_OpDefinitionBuilderAddAttr(op, each);
  for (const char* each : in) TF_OpDefinitionBuilderAddInput(op, each);
  for (const char* each : out) TF_OpDefinitionBuilderAddOutput(op, each);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, &TF_ShapeInferenceContextSetUnknownShape);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(op, status);
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", &readAttributes, &run<compute>, &freeAttributes);
  TF_RegisterKernelBuilder(name, kernel, status);
  TF_DeleteStatus(status);
}

struct Registration {
  Registration() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    chosen = wide && (most == nullptr || std::string(most) != "AVX2") ? &kernelsAvx512 : &kernelsAvx2;
    const char *N = "N: int >= 1", *M = "M: int >= 0", *shards = "shards: int >= 1", *heads = "heads: int >= 1",
               *keyValueHeads = "key_value_heads: int >= 1", *causal = "causal: bool";
    add<linear>("CalmLinear", {N, M}, {"x: float", "weights: N * float", "biases: M * float"}, {"y: N * float"});
    add<linearInputGradient>("CalmLinearInputGradient", {N}, {"weights: N * float", "dy: N * float"}, {"dx: float"});
    add<linearWeightGradient>("CalmLinearWeightGradient", {N, M, shards}, {"x: float", "dy: N * float"},
                              {"d_weights: N * float", "d_biases: M * float"});
    add<attention>("CalmAttention", {M, heads, keyValueHeads, causal},
                   {"q: float", "k: float", "v: float", "tables: M * float"}, {"y: float", "weights: float"});
    add<attentionGradient>("CalmAttentionGradient", {M, heads, keyValueHeads, causal},
                           {"q: float", "k: float", "v: float", "weights: float", "dy: float", "tables: M * float"},
                           {"dq: float", "dk: float", "dv: float"});
    add<norm>("CalmNorm", {M, "centred: bool", "epsilon: float"}, {"x: float", "gain: float", "bias: M * float"},
              {"y: float", "normal: float", "scale: float"});
    add<normGradient>("CalmNormGradient", {M, shards, "centred: bool"},
                      {"dy: float", "normal: float", "scale: float", "gain: float"},
                      {"dx: float", "d_gain: float", "d_bias: M * float"});
    add<gate>("CalmGate", {"gate: string"}, {"x: float"}, {"y: float"});
    add<gateGradient>("CalmGateGradient", {"gate: string"}, {"dy: float", "x: float"}, {"dx: float"});
    add<swiglu>("CalmSwiglu", {}, {"gate: float", "up: float"}, {"y: float"});
    add<swigluGradient>("CalmSwigluGradient", {}, {"dy: float", "gate: float", "up: float"},
                        {"d_gate: float", "d_up: float"});
    add<crossEntropy>("CalmCrossEntropy", {}, {"logits: float", "targets: int32", "weights: float"}, {"losses: float"});
    add<crossEntropyGradient>("CalmCrossEntropyGradient", {},
                              {"logits: float", "targets: int32", "weights: float", "d_losses: float"},
                              {"d_logits: float"});
    add<treeSum>("CalmTreeSum", {N}, {"gradients: N * float"}, {"sums: float"});
  }
} registration;

}  // namespace
