// The argument of commands that read one run.

export const runArgument = { type: 'string', describe: 'A run or an experiment [default: the last run]' } as const;
