// What the questions of CALM-E are made of for training: a list of samples for each set, and which conversation of a sample
// is the epoch's.
import { questionSets, rng, type QuestionSet, type TrialConfig } from '@calm-orch/core';
import { storedQuestions } from '@calm-orch/datasets';
import type { ConversationIds, Language } from '@calm-orch/model';
import type { ConversationList, ConversationSample } from './finetune.ts';

/**
 * Questions about photographs that are encoded, by set; sets without any are left out, and so are questions none of whose
 * answers begins within `maxTokens`.
 * @param dir Artifact of `data questions`. @param rowOf Positions of photographs in the taps, by id.
 */
export function questionLists(
  dir: string,
  rowOf: ReadonlyMap<string, number>,
  seed: number,
  language: Pick<Language, 'converse'>,
  mix: TrialConfig['questions']['mix'],
  maxTokens: number,
): ConversationList[] {
  const bySet = new Map<QuestionSet, ConversationSample[]>(questionSets.map((set) => [set, []]));
  for (const { set, id, photos, conversations, again } of storedQuestions(dir)) {
    if (mix[set] === 0) continue;
    const rows = photos.flatMap((photo) => rowOf.get(photo) ?? []);
    if (rows.length < photos.length) continue;
    const idsOf = (turns: (typeof conversations)[number]): ConversationIds => language.converse(turns, photos.length);
    const fitting = conversations.flatMap((turns, i) => {
      const { ids, isAnswer } = idsOf(turns);
      return isAnswer.indexOf(true) < maxTokens ? [{ i, length: ids.length }] : [];
    });
    if (fitting.length === 0) continue;
    const numbers = fitting.map(({ i }) => i);
    bySet.get(set)!.push({
      rows,
      length: fitting.reduce((most, { length }) => Math.max(most, length), 0),
      conversation: (epoch) => idsOf(again()[rng(seed, 'question', epoch, id).pick(numbers)]!),
    });
  }
  return [...bySet].flatMap(([name, samples]) =>
    samples.length === 0 ? [] : [{ name, share: mix[name] ?? samples.length, samples }],
  );
}
