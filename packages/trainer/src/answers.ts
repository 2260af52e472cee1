// Answer tokens of a batch, padded to one length, with the weights that make the loss a mean over real answer tokens of
// the whole global batch, however it is cut into shards.
export interface PaddedAnswers {
  /** [B * length], padded with 0. */
  readonly ids: Int32Array;
  /** [B * length]: 1 / (answer tokens of the batch) on answer tokens, 0 on padding and on what is not answered. */
  readonly weights: Float32Array;
}

/** Token ids with their end token; of a conversation also which are answers, as the questions are not. */
export type AnswerText = readonly number[] | { readonly ids: readonly number[]; readonly isAnswer: readonly boolean[] };

/** @param answers longer ones are cut. */
export function padded(answers: readonly AnswerText[], length: number): PaddedAnswers {
  const texts = answers.map((answer) => {
    const { ids, isAnswer } = 'isAnswer' in answer ? answer : { ids: answer, isAnswer: answer.map(() => true) };
    return { ids: ids.slice(0, length), isAnswer: isAnswer.slice(0, length) };
  });
  const count = texts.reduce((sum, { isAnswer }) => sum + isAnswer.filter(Boolean).length, 0);
  const ids = new Int32Array(answers.length * length);
  const weights = new Float32Array(answers.length * length);
  texts.forEach((text, row) => {
    ids.set(text.ids, row * length);
    text.isAnswer.forEach((counts, i) => {
      if (counts) weights[row * length + i] = 1 / count;
    });
  });
  return { ids, weights };
}
