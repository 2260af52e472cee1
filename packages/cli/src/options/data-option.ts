// The option by which commands take datasets of this machine instead of the embedded data.

export const dataOption = {
  type: 'string',
  requiresArg: true,
  describe: 'Datasets of this machine instead of the embedded data: YAML, `dataset: folder` (data/real.example.yaml)',
} as const;
