import { qformerLevels, type StageDefinition, type TrialConfig } from '@calm-orch/core';
import { samplesOf, trainingSlice } from './slices.ts';

/** Self-supervision trains the Q-Formers alone: rows that differ in the thematic level share it. */
const trained = ({ mfam }: TrialConfig) => qformerLevels.filter((level) => mfam.levels.includes(level));

export const pretrainSsl: StageDefinition = {
  kind: 'pretrain-ssl',
  role: 'trainer',
  budget: 'pretrainSsl',
  isNeeded: (trial) => trained(trial).length > 0 && trial.augment.groups.length > 0,
  inputs: { foundation: 'foundation', data: 'data unlabeled', augment: 'augment', encodeSsl: 'encode ssl' },
  slice: (trial, { foundation }) => {
    const { projector: _, projectorSize: __, ...mfam } = trial.mfam;
    return {
      ...trainingSlice(trial, foundation),
      mfam: { ...mfam, levels: trained(trial) },
      pretrainSsl: trial.pretrainSsl,
      ...(trial.control.permutePseudoLabels && { permutePseudoLabels: true }),
    };
  },
  cost: (trial) => samplesOf(trial.pretrainSsl),
  load: async () => (await import('./pretrain-ssl.ts')).pretrainSsl,
};
