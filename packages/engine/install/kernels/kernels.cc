// The kernels, once for each kind of processor: built with -DISA=avx2 or -DISA=avx512 and the flags that go with it.
#include "attention.h"
#include "kernels.h"
#include "linear.h"
#include "rows.h"

extern const Kernels KERNELS = {
    ISA::linear,    ISA::linearInputGradient, ISA::linearWeightGradient, ISA::attention,   ISA::attentionGradient,
    ISA::norm,      ISA::normGradient,        ISA::gate,                 ISA::gateGradient, ISA::swiglu,
    ISA::swigluGradient, ISA::crossEntropy,   ISA::crossEntropyGradient, ISA::treeSum,
};
