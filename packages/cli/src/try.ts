// The process that looks at one photograph somebody sent, and ends: `try.js try`. The bytes come on standard input, the
// models and the answers go over IPC. What is wrong with a file is wrong in here alone: the server that forks it decodes
// nothing, and ends it when it takes too long. Nothing is written.
import { buffer } from 'node:stream/consumers';
import { toCalmError, type ErrorCode } from '@calm-orch/core/errors';
import { asWorkerProcess } from './run/worker-process.ts';
import type { TrainedModel } from './models/trained-model.ts';
import type { TriedPhotograph } from './models/try-photograph.ts';

/** The models of a trial; null: it has none. */
export interface TryTask {
  readonly score: TrainedModel | null;
  readonly comment: TrainedModel | null;
}

export type TryMessage =
  | { readonly what: 'decoded' }
  | { readonly what: 'answered'; readonly tried: TriedPhotograph }
  | {
      readonly what: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly reason: unknown;
    };

const say = (message: TryMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else resolve();
  });

await asWorkerProcess(async () => {
  process.on('disconnect', () => process.exit());
  const task = new Promise<TryTask>((resolve) => process.once('message', (message) => resolve(message as TryTask)));
  try {
    await say({ what: 'answered', tried: await tried(await buffer(process.stdin), await task) });
  } catch (thrown) {
    const { code, message, data } = toCalmError(thrown);
    await say({ what: 'refused', code, message, reason: data['reason'] ?? null });
  }
  process.exit();
});

async function tried(bytes: Uint8Array, { score, comment }: TryTask): Promise<TriedPhotograph> {
  const { decodeUpload, onlyPhotographs, seenSquare, smallPicture } = await import('@calm-orch/datasets');
  onlyPhotographs();
  const image = await decodeUpload(bytes);
  await say({ what: 'decoded' });
  const picture = await smallPicture(image);
  const { answerAboutSquares, photoSquare } = await import('@calm-orch/evaluator/photo-answers');
  const ask = async (model: TrainedModel | null, question: 'score' | 'comment' | 'suggest', attention: boolean) => {
    if (model === null) return null;
    const { config, foundation, model: weights } = model;
    const spec = { config, foundation, model: weights, question, attention };
    const [answer] = await answerAboutSquares([photoSquare('', image, config)], spec);
    return answer!;
  };
  const scored = await ask(score, 'score', true);
  const commented = await ask(comment, 'comment', score === null);
  const suggested = await ask(comment, 'suggest', false);
  const { config } = (score ?? comment)!;
  return {
    score: scored?.score ?? null,
    comment: commented?.comment ?? null,
    suggestion: suggested?.suggestion ?? null,
    answered: [...(score ? (['score'] as const) : []), ...(comment ? (['comment', 'suggestion'] as const) : [])],
    picture: {
      source: `data:${picture.type};base64,${picture.bytes.toString('base64')}`,
      width: image.width,
      height: image.height,
    },
    seen: seenSquare(image, config.encode.fit),
    levels: config.mfam.levels,
    attentionOf: score ? 'score' : 'comment',
    attention: (scored ?? commented)?.attention ?? [],
  };
}
