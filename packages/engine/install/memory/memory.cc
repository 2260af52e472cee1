// Memory that the processes of a host share, and the sum of what lies in it: what Node cannot do by itself. Files are
// mapped as ArrayBuffers; sums read what others wrote where it lies.
#define NAPI_VERSION 8
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <node_api.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

/** Of a sum; two such pieces and what is added to them stay in the first cache. */
constexpr size_t pieceNumbers = 2048;

napi_value fail(napi_env env, int error) {
  const char* code = error == ENOSPC   ? "ENOSPC"
                     : error == EDQUOT ? "EDQUOT"
                     : error == EFBIG  ? "EFBIG"
                     : error == ENOMEM ? "ENOMEM"
                     : error == ENOENT ? "ENOENT"
                     : error == EINVAL ? "EINVAL"
                                       : "EIO";
  char message[256];
  snprintf(message, sizeof message, "%s: shared memory: %s", code, strerror(error));
  napi_throw_error(env, code, message);
  return nullptr;
}

void unmapAtEnd(napi_env, void* data, void* bytes) { munmap(data, reinterpret_cast<size_t>(bytes)); }

/**
 * (descriptor, bytes, isOwn): the file as an ArrayBuffer. One's own gets its pages first: a full folder is an error then,
 * and no signal later.
 */
napi_value mapFile(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value args[3];
  int32_t descriptor = -1;
  int64_t bytes = 0;
  bool isOwn = false;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 3 ||
      napi_get_value_int32(env, args[0], &descriptor) != napi_ok ||
      napi_get_value_int64(env, args[1], &bytes) != napi_ok || napi_get_value_bool(env, args[2], &isOwn) != napi_ok ||
      bytes <= 0)
    return fail(env, EINVAL);
  if (isOwn) {
    int error;
    do error = posix_fallocate(descriptor, 0, bytes);
    while (error == EINTR);
    if (error != 0) return fail(env, error);
  }
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return fail(env, errno);
  // Beyond its end a mapping is a signal.
  if (facts.st_size < bytes) return fail(env, EINVAL);
  void* data = mmap(nullptr, bytes, isOwn ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) return fail(env, errno);
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, data, bytes, unmapAtEnd, reinterpret_cast<void*>(bytes), &buffer) !=
      napi_ok) {
    munmap(data, bytes);
    return fail(env, ENOMEM);
  }
  return buffer;
}

/** (ArrayBuffer): it is empty from now on, and its memory unmapped. */
napi_value unmapFile(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value buffer;
  if (napi_get_cb_info(env, info, &count, &buffer, nullptr, nullptr) != napi_ok || count != 1 ||
      napi_detach_arraybuffer(env, buffer) != napi_ok)
    return fail(env, EINVAL);
  return nullptr;
}

bool floatsOf(napi_env env, napi_value value, float*& data, size_t& length) {
  napi_typedarray_type type;
  void* start;
  if (napi_get_typedarray_info(env, value, &type, &length, &start, nullptr, nullptr) != napi_ok ||
      type != napi_float32_array)
    return false;
  data = static_cast<float*>(start);
  return true;
}

#if defined(__x86_64__)
// The widest registers the processor has: half as fast again here as without.
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void add(float* sum, const float* left, const float* right, size_t count) {
  for (size_t i = 0; i < count; i++) sum[i] = left[i] + right[i];
}

/**
 * (sum, operands, adds): operands are put on a stack one after the other; after number k the two on top are added
 * adds[k] times. The sum may be one of the operands. Others may be written meanwhile: whoever calls finds out.
 */
napi_value sumTree(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value args[3];
  float* sum;
  size_t length;
  uint32_t numOperands;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 3 ||
      !floatsOf(env, args[0], sum, length) || napi_get_array_length(env, args[1], &numOperands) != napi_ok)
    return fail(env, EINVAL);
  std::vector<const float*> operands(numOperands);
  for (uint32_t k = 0; k < numOperands; k++) {
    napi_value element;
    float* data;
    size_t size;
    if (napi_get_element(env, args[1], k, &element) != napi_ok || !floatsOf(env, element, data, size) ||
        size != length)
      return fail(env, EINVAL);
    operands[k] = data;
  }
  napi_typedarray_type type;
  size_t numCounts;
  void* counts;
  if (napi_get_typedarray_info(env, args[2], &type, &numCounts, &counts, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || numCounts != numOperands)
    return fail(env, EINVAL);
  const uint8_t* adds = static_cast<const uint8_t*>(counts);
  size_t depth = 0, deepest = 0;
  for (uint32_t k = 0; k < numOperands; k++) {
    depth++;
    if (depth > deepest) deepest = depth;
    if (adds[k] >= depth) return fail(env, EINVAL);
    depth -= adds[k];
  }
  if (depth != 1) return fail(env, EINVAL);
  std::vector<float> pieces(deepest * pieceNumbers);
  std::vector<const float*> stack(deepest);
  for (size_t at = 0; at < length; at += pieceNumbers) {
    const size_t size = length - at < pieceNumbers ? length - at : pieceNumbers;
    size_t top = 0;
    for (uint32_t k = 0; k < numOperands; k++) {
      stack[top++] = operands[k] + at;
      for (uint8_t i = 0; i < adds[k]; i++) {
        top--;
        const bool isLast = k + 1 == numOperands && i + 1 == adds[k];
        float* target = isLast ? sum + at : pieces.data() + (top - 1) * pieceNumbers;
        add(target, stack[top - 1], stack[top], size);
        stack[top - 1] = target;
      }
    }
    if (stack[0] != sum + at) memmove(sum + at, stack[0], size * sizeof(float));
  }
  return nullptr;
}

napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"mapFile", nullptr, mapFile, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"unmapFile", nullptr, unmapFile, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"sumTree", nullptr, sumTree, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 3, properties);
  return exports;
}

}  // namespace

NAPI_MODULE(calm_memory, initialize)
