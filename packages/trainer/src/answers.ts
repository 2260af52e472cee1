// Answer tokens of a batch, padded to one length, with the weights that make the loss a mean over real answer tokens of
// the whole global batch, however it is cut into shards.
export interface PaddedAnswers {
  /** [B * length], padded with 0. */
  readonly ids: Int32Array;
  /** [B * length]: 1 / (answer tokens of the batch) on answer tokens, 0 on padding. */
  readonly weights: Float32Array;
}

/** @param answers token ids with their end token; longer ones are cut. */
export function padded(answers: readonly (readonly number[])[], length: number): PaddedAnswers {
  const count = answers.reduce((sum, answer) => sum + Math.min(answer.length, length), 0);
  const ids = new Int32Array(answers.length * length);
  const weights = new Float32Array(answers.length * length);
  answers.forEach((answer, row) => {
    const cut = answer.slice(0, length);
    ids.set(cut, row * length);
    weights.fill(1 / count, row * length, row * length + cut.length);
  });
  return { ids, weights };
}
