// score, comment and suggest: what a trained model, by default the newest full one, says about one's own photographs.
import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CalmError, expandHome, type StageKind } from '@calm-orch/core';
import type { PhotoAnswer, PhotoQuestion } from '@calm-orch/evaluator/photo-answers';
import type { GlobalOptions } from '../cli.ts';
import { jsonOption } from '../options/json-option.ts';
import { printJson, printLine } from '../output.ts';
import { findModel } from '../models/trained-model.ts';

interface Options extends GlobalOptions {
  photos: string[];
  run?: string;
  row?: string;
  seed?: number;
  json: boolean;
}

/** Scores are learnt after comments; the scoring model answers with numbers whatever it is asked. */
const kindOf: Readonly<Record<PhotoQuestion, StageKind>> = {
  score: 'finetune-score',
  comment: 'finetune-comment',
  suggest: 'finetune-comment',
};

export const score = command('score', '$0 score holiday/*.jpg');
export const comment = command('comment', '$0 comment holiday/beach.jpg');
export const suggest = command('suggest', '$0 suggest holiday/beach.jpg --json');

function command(question: PhotoQuestion, example: string) {
  return {
    builder: (args: Argv<GlobalOptions>) =>
      args
        .positional('photos', { type: 'string', array: true, demandOption: true, describe: 'Photographs' })
        .option('run', {
          type: 'string',
          requiresArg: true,
          describe: 'The run (or experiment) whose model answers [default: the newest with such a model]',
        })
        .option('row', {
          type: 'string',
          requiresArg: true,
          describe: 'The row of the table whose model answers [default: the full model, CALM itself]',
        })
        .option('seed', {
          type: 'number',
          requiresArg: true,
          describe: 'Its seed [default: the first that is trained]',
        })
        .option('json', jsonOption)
        .example(example, 'with the full model, first seed, of the newest run that has one'),
    handler: async ({ dir, photos, json, ...wanted }: ArgumentsCamelCase<Options>) => {
      if (wanted.seed !== undefined && !Number.isSafeInteger(wanted.seed))
        throw new CalmError('invalid_argument', `--seed: expected a whole number, got ${wanted.seed}`);
      const { config, foundation, model } = await findModel(dir, wanted, kindOf[question]);
      const { answerAboutPhotos } = await import('@calm-orch/evaluator/photo-answers');
      const files = photos.map((photo) => expandHome(String(photo)));
      const { answers, unreadable } = await answerAboutPhotos(files, { config, foundation, model, question });
      const refused = new Map(unreadable.map(({ file, reason }) => [file, reason]));
      const answered = new Map(answers.map((answer) => [answer.file, answer]));
      if (json)
        printJson(files.map((file) => answered.get(file) ?? { file, error: { message: refused.get(file) ?? null } }));
      else for (const answer of answers) printLine(`${answer.file}: ${textOf(answer)}`);
      for (const { reason } of unreadable) process.stderr.write(`calm-orch: ${reason}\n`);
      if (unreadable.length > 0) process.exitCode = 1;
    },
  };
}

function textOf({ score: value, comment: remark, suggestion }: PhotoAnswer): string {
  return remark ?? suggestion ?? (value == null ? 'no score' : value.toFixed(2));
}
