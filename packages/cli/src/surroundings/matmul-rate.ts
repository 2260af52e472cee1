// How fast this machine multiplies matrices, for the time estimate of `plan`.
const size = 1024;
const repeats = 5;

/** The addon's loader reads the command line of the process, and takes our --dir for its own --directory. */
async function withoutArguments<T>(load: () => Promise<T>): Promise<T> {
  const { argv } = process;
  process.argv = argv.slice(0, 2);
  try {
    return await load();
  } finally {
    process.argv = argv;
  }
}

/** GFLOP/s of float32 products of 1024 x 1024 on the installed engine: the best of five, in about a second. */
export async function measureGflops(clock: () => number = () => performance.now()): Promise<number> {
  const { startEngine } = await import('@calm-orch/engine');
  const { tf } = await withoutArguments(() => startEngine());
  return tf.tidy(() => {
    const [a, b] = [0.5, 0.25].map((value) => tf.fill([size, size], value));
    tf.matMul(a!, b!).dataSync();
    const times = Array.from({ length: repeats }, () => {
      const started = clock();
      tf.matMul(a!, b!).dataSync();
      return clock() - started;
    });
    return (2 * size ** 3) / (Math.min(...times) * 1e6);
  });
}
