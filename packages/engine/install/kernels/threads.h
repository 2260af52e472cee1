// Work of one operation on all threads that TensorFlow's own operations may use. Which thread does what decides no bit.
#pragma once
#include <cstdint>
#include <functional>

/** Threads that work on one operation. */
int numThreads();

/** Calls f(i) for i = 0 .. count - 1, here and on the threads that are free; returns when all are done. Throws what f threw. */
void inParallel(int64_t count, const std::function<void(int64_t)>& f);
