// What the installer and `doctor` say about an engine that could not be had: what is missing, why, and how to mend it.
import {
  tensorflowVersion,
  variantInfo,
  type Candidate,
  type EngineMarker,
  type MachineFacts,
  type Missing,
} from '../layout.ts';

const tryAgain = 'run `npx calm-orch doctor`';

/** Why one candidate failed, as `doctor` prints it. */
export function missingCandidate({ variant, source }: Candidate, error: unknown, facts: MachineFacts): Missing {
  const cuda = variant === 'gpu' ? ' with CUDA' : '';
  const what = {
    wheel: `TensorFlow ${tensorflowVersion}${cuda}`,
    package: `TensorFlow${cuda} as ${variantInfo[variant].package} downloads it`,
    none: 'tfjs on WebAssembly',
  }[source];
  const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return { what, why, remedy: remedyFor(source, facts) };
}

function remedyFor(source: Candidate['source'], { pip, compiler }: MachineFacts): string {
  if (source === 'package' || source === 'none') return `see that this machine reaches the network, then ${tryAgain}`;
  const names = [pip ? [] : ['pip'], compiler ? [] : ['a C++ compiler']].flat();
  if (names.length === 0) return `see to what is said there, then ${tryAgain}`;
  const debian = [pip ? [] : ['python3-pip'], compiler ? [] : ['g++']].flat().join(' ');
  return `install ${names.join(' and ')} (Debian, Ubuntu: apt-get install ${debian}), then ${tryAgain}`;
}

/** One clear line where the engine in place is slower than what this machine should have; else none. */
export function describeFallback({ backend, variant, facts, missing }: EngineMarker): string | undefined {
  const [first] = missing;
  if (first === undefined) return undefined;
  if (backend === 'wasm')
    return `engine: training will be about six times slower, on WebAssembly instead of TensorFlow (${first.why}); to mend it, ${first.remedy}`;
  if (facts.nvidia && variant !== 'gpu')
    return `engine: training will not use the NVIDIA GPU (${first.why}); to mend it, ${first.remedy}`;
  return undefined;
}
