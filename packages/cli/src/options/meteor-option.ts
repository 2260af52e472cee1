// The option by which commands find METEOR's own synonyms and paraphrases.
import { userPath } from '@calm-orch/core';

export const meteorOption = {
  type: 'string',
  requiresArg: true,
  default: process.env['CALM_ORCH_METEOR_DIR'],
  defaultDescription: '$CALM_ORCH_METEOR_DIR',
  describe: "Folder with METEOR 1.5's meteor-1.5.jar and data/paraphrase-en.gz, for its synonyms and paraphrases",
  coerce: (dir?: string) => (dir === undefined ? undefined : userPath(dir)),
} as const;
