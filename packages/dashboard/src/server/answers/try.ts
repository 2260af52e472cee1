// A photograph that is sent, looked at by a trial's models: score, comment, suggestion, what it attended to.
import { CalmError } from '@calm-orch/core';
import { z } from 'zod';
import { maxUploadBytes, modelsAnswer, triedAnswer, tryQuery } from '../../api/try.ts';
import { route } from '../route.ts';
import { trialOf } from './trial.ts';

export const modelsRoute = route({
  path: '/api/models',
  summary: 'Trials whose models can be asked about a photograph',
  query: z.object({}),
  answer: modelsAnswer,
  handle: ({ folder, sources }) => {
    const tracker = folder.tracker();
    return { trials: tracker === null ? [] : [...sources.models(tracker)], maxUploadBytes };
  },
});

export const tryRoute = route({
  method: 'POST',
  path: '/api/runs/{run}/try',
  summary: 'What the models of a trial say of the photograph that is the body; nothing is kept',
  query: tryQuery,
  answer: triedAnswer,
  handle: async (asked) => {
    const { runId, trial } = trialOf(asked);
    try {
      return await asked.sources.tryPhotograph({ run: runId, ...trial }, asked.body, asked.signal);
    } catch (error) {
      // What is wrong with a photograph is the sender's.
      const status = error instanceof CalmError ? httpStatusOf[String(error.data['reason'])] : undefined;
      if (status === undefined || !(error instanceof CalmError)) throw error;
      throw new CalmError(error.code, error.message, { cause: error, data: { httpStatus: status } });
    }
  },
});

const httpStatusOf: Readonly<Record<string, number>> = { size: 413, format: 415 };
