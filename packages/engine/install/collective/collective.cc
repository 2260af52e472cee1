// Sessions of TensorFlow's own servers, which tfjs-node's binding cannot open: in their graphs the members of a gang add
// gradients by collective operations. A run may wait for peers, so it leaves Node's thread free and can be given up.
#define NAPI_VERSION 8
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <node_api.h>
#include <string>
#include <sys/socket.h>
#include <tensorflow/c/c_api.h>
#include <vector>

namespace {

struct Status {
  TF_Status* const status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool isOk() const { return TF_GetCode(status) == TF_OK; }
  operator TF_Status*() const { return status; }
};

napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

bool textOf(napi_env env, napi_value value, std::string& text) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text.resize(length + 1);
  if (napi_get_value_string_utf8(env, value, text.data(), length + 1, &length) != napi_ok) return false;
  text.resize(length);
  return true;
}

bool bytesOf(napi_env env, napi_value value, void*& data, size_t& length) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok &&
         type == napi_uint8_array;
}

/** The sockets of this process that listen on a port. */
std::vector<int> listeners(int port) {
  std::vector<int> found;
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return found;
  while (const dirent* entry = readdir(dir)) {
    const int descriptor = atoi(entry->d_name);
    int isListening = 0;
    sockaddr_in6 address{};
    socklen_t size = sizeof isListening, addressSize = sizeof address;
    // The port lies at the same place in addresses of both families.
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0 &&
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &addressSize) == 0 &&
        (address.sin6_family == AF_INET || address.sin6_family == AF_INET6) && ntohs(address.sin6_port) == port)
      found.push_back(descriptor);
  }
  closedir(dir);
  return found;
}

/** TensorFlow listens on all interfaces: packets from other addresses than 127.0.0.0/8 are dropped. */
bool confine(int descriptor) {
  const uint32_t ip = static_cast<uint32_t>(SKF_NET_OFF);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ip),         BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 3), BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ip + 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 127, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

bool portOf(napi_env env, napi_value value, int32_t& port) { return napi_get_value_int32(env, value, &port) == napi_ok; }

/**
 * (bytes of a ServerDef, its port): starts that server, for this host alone; its target. TensorFlow cannot stop it: its
 * threads end with the process.
 */
napi_value serve(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value args[2], target;
  void* data;
  int32_t port;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 2 ||
      !bytesOf(env, args[0], data, length) || !portOf(env, args[1], port))
    return fail(env, "serve: bytes and port expected");
  Status status;
  TF_Server* server = TF_NewServer(data, length, status);
  if (!status.isOk()) return fail(env, TF_Message(status));
  const std::vector<int> sockets = listeners(port);
  bool isConfined = !sockets.empty();
  for (int socket : sockets) isConfined = confine(socket) && isConfined;
  if (!isConfined) {
    // One that was not started can be deleted.
    TF_DeleteServer(server);
    return fail(env, "serve: other hosts cannot be kept from the server's port");
  }
  TF_ServerStart(server, status);
  if (!status.isOk()) return fail(env, TF_Message(status));
  napi_create_string_utf8(env, TF_ServerTarget(server), NAPI_AUTO_LENGTH, &target);
  return target;
}

/** (port): its server takes no connections any more. */
napi_value retire(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arg;
  int32_t port;
  if (napi_get_cb_info(env, info, &count, &arg, nullptr, nullptr) != napi_ok || !portOf(env, arg, port))
    return fail(env, "retire: port expected");
  for (int socket : listeners(port)) shutdown(socket, SHUT_RDWR);
  return nullptr;
}

struct Session {
  TF_Session* session;
  TF_Graph* graph;
  size_t numRunning = 0;
  bool isClosed = false;
};

void freeWhenIdle(Session* session) {
  if (!session->isClosed || session->numRunning > 0 || session->session == nullptr) return;
  Status status;
  TF_DeleteSession(session->session, status);
  TF_DeleteGraph(session->graph);
  session->session = nullptr;
}

/** (folder of a SavedModel, target, bytes of a ConfigProto) */
napi_value openSession(napi_env env, napi_callback_info info) {
  size_t count = 3, length;
  napi_value args[3], result;
  std::string dir, target;
  void* config;
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 3 ||
      !textOf(env, args[0], dir) || !textOf(env, args[1], target) || !bytesOf(env, args[2], config, length))
    return fail(env, "openSession: folder, target and configuration expected");
  Status status;
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_SetTarget(options, target.c_str());
  TF_SetConfig(options, config, length, status);
  TF_Graph* graph = TF_NewGraph();
  const char* tags[] = {"serve"};
  TF_Session* opened =
      status.isOk() ? TF_LoadSessionFromSavedModel(options, nullptr, dir.c_str(), tags, 1, graph, nullptr, status)
                    : nullptr;
  TF_DeleteSessionOptions(options);
  if (!status.isOk()) {
    TF_DeleteGraph(graph);
    return fail(env, TF_Message(status));
  }
  // Closed at the latest when nothing refers to it.
  const auto finalize = [](napi_env, void* data, void*) {
    Session* session = static_cast<Session*>(data);
    session->isClosed = true;
    freeWhenIdle(session);
    delete session;
  };
  napi_create_external(env, new Session{opened, graph}, finalize, nullptr, &result);
  return result;
}

bool sessionOf(napi_env env, napi_value value, Session*& session) {
  void* data;
  if (napi_get_value_external(env, value, &data) != napi_ok) return false;
  session = static_cast<Session*>(data);
  return !session->isClosed;
}

/** (session): a run under way fails. */
napi_value closeSession(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arg;
  Session* session;
  if (napi_get_cb_info(env, info, &count, &arg, nullptr, nullptr) != napi_ok || !sessionOf(env, arg, session))
    return nullptr;
  session->isClosed = true;
  Status status;
  TF_CloseSession(session->session, status);
  freeWhenIdle(session);
  return nullptr;
}

/** One run: what it is fed and what it gave. */
struct Run {
  Session* session = nullptr;
  napi_ref kept = nullptr;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  std::vector<TF_Output> feeds, fetches;
  std::vector<TF_Tensor*> inputs, outputs;
  Status status;
  ~Run() {
    for (TF_Tensor* tensor : inputs) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : outputs)
      if (tensor != nullptr) TF_DeleteTensor(tensor);
  }
  void compute() {
    TF_SessionRun(session->session, nullptr, feeds.data(), inputs.data(), feeds.size(), fetches.data(), outputs.data(),
                  fetches.size(), nullptr, 0, nullptr, status);
  }
};

bool nodesOf(napi_env env, napi_value names, TF_Graph* graph, std::vector<TF_Output>& nodes) {
  uint32_t length;
  if (napi_get_array_length(env, names, &length) != napi_ok) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    std::string name;
    if (napi_get_element(env, names, i, &element) != napi_ok || !textOf(env, element, name)) return false;
    TF_Operation* operation = TF_GraphOperationByName(graph, name.c_str());
    if (operation == nullptr) return false;
    nodes.push_back({operation, 0});
  }
  return true;
}

TF_Tensor* tensorOf(napi_env env, napi_value values, napi_value shape) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  uint32_t rank;
  if (napi_get_typedarray_info(env, values, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      (type != napi_float32_array && type != napi_int32_array) ||
      napi_get_array_length(env, shape, &rank) != napi_ok)
    return nullptr;
  std::vector<int64_t> dims(rank);
  int64_t size = 1;
  for (uint32_t i = 0; i < rank; i++) {
    napi_value element;
    if (napi_get_element(env, shape, i, &element) != napi_ok ||
        napi_get_value_int64(env, element, &dims[i]) != napi_ok)
      return nullptr;
    size *= dims[i];
  }
  if (size != static_cast<int64_t>(length)) return nullptr;
  TF_Tensor* tensor =
      TF_AllocateTensor(type == napi_float32_array ? TF_FLOAT : TF_INT32, dims.data(), rank, 4 * length);
  if (length > 0) memcpy(TF_TensorData(tensor), data, 4 * length);
  return tensor;
}

/** An array of Float32Arrays and Int32Arrays, or null after an error. */
napi_value resultsOf(napi_env env, const Run& run, napi_value* error) {
  napi_value results, message;
  if (!run.status.isOk()) {
    napi_create_string_utf8(env, TF_Message(run.status), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, nullptr, message, error);
    return nullptr;
  }
  napi_create_array_with_length(env, run.outputs.size(), &results);
  for (uint32_t i = 0; i < run.outputs.size(); i++) {
    const size_t bytes = TF_TensorByteSize(run.outputs[i]);
    void* data;
    napi_value buffer, values;
    napi_create_arraybuffer(env, bytes, &data, &buffer);
    if (bytes > 0) memcpy(data, TF_TensorData(run.outputs[i]), bytes);
    napi_create_typedarray(env, TF_TensorType(run.outputs[i]) == TF_INT32 ? napi_int32_array : napi_float32_array,
                           bytes / 4, buffer, 0, &values);
    napi_set_element(env, results, i, values);
  }
  return results;
}

void finish(napi_env env, napi_status, void* data) {
  Run* run = static_cast<Run*>(data);
  napi_value error;
  napi_value results = resultsOf(env, *run, &error);
  if (results != nullptr) napi_resolve_deferred(env, run->deferred, results);
  else napi_reject_deferred(env, run->deferred, error);
  run->session->numRunning--;
  freeWhenIdle(run->session);
  napi_delete_async_work(env, run->work);
  napi_delete_reference(env, run->kept);
  delete run;
}

/** (session, nodes that are fed, their values, their shapes, nodes that are fetched, isWaiting): values, or their promise. */
napi_value runSession(napi_env env, napi_callback_info info) {
  size_t count = 6;
  napi_value args[6];
  bool isWaiting;
  auto* run = new Run;
  const auto refuse = [&](const char* message) {
    delete run;
    return fail(env, message);
  };
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || count != 6 ||
      napi_get_value_bool(env, args[5], &isWaiting) != napi_ok)
    return refuse("runSession: session, feeds, values, shapes, fetches and isWaiting expected");
  if (!sessionOf(env, args[0], run->session)) return refuse("the session is closed");
  TF_Graph* graph = run->session->graph;
  if (!nodesOf(env, args[1], graph, run->feeds) || !nodesOf(env, args[4], graph, run->fetches))
    return refuse("runSession: no such node");
  for (uint32_t i = 0; i < run->feeds.size(); i++) {
    napi_value values, shape;
    napi_get_element(env, args[2], i, &values);
    napi_get_element(env, args[3], i, &shape);
    TF_Tensor* tensor = tensorOf(env, values, shape);
    if (tensor == nullptr) return refuse("runSession: values that have not their shape");
    run->inputs.push_back(tensor);
  }
  run->outputs.assign(run->fetches.size(), nullptr);
  napi_value result, error;
  if (!isWaiting) {
    run->compute();
    result = resultsOf(env, *run, &error);
    if (result == nullptr) napi_throw(env, error);
    delete run;
    return result;
  }
  napi_value name;
  napi_create_string_utf8(env, "calm_collective", NAPI_AUTO_LENGTH, &name);
  napi_create_promise(env, &run->deferred, &result);
  napi_create_reference(env, args[0], 1, &run->kept);
  run->session->numRunning++;
  napi_create_async_work(
      env, nullptr, name, [](napi_env, void* data) { static_cast<Run*>(data)->compute(); }, finish, run, &run->work);
  napi_queue_async_work(env, run->work);
  return result;
}

napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"serve", nullptr, serve, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"retire", nullptr, retire, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"openSession", nullptr, openSession, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"closeSession", nullptr, closeSession, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"runSession", nullptr, runSession, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 5, properties);
  return exports;
}

}  // namespace

NAPI_MODULE(calm_collective, initialize)
