// The option by which commands print JSON, and what they print in its place when they fail.
import { errorTable, type CalmError, type ErrorCode } from '@calm-orch/core/errors';

const onFailure = '{"error": {"message", "code", "exitCode"}} on failure (docs/json.md)';

export const jsonOption = { type: 'boolean', default: false, describe: `Print JSON; ${onFailure}` } as const;

/** Of commands that show progress. */
export const outcomeJsonOption = {
  ...jsonOption,
  describe: `Print the outcome as JSON, progress on stderr; ${onFailure}`,
} as const;

/** Whether a command line asks for JSON: read without yargs, which may be what failed. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.some((arg, i) => {
    if (arg === '--json' || arg === '--json=true') return true;
    return arg === '--format=json' || (arg === '--format' && options[i + 1] === 'json');
  });
}

export interface ErrorJson {
  readonly error: { readonly message: string; readonly code: ErrorCode; readonly exitCode: number };
}

/** @param message What stderr says, without the name of the program. */
export function errorJson(error: Pick<CalmError, 'code'>, message: string): ErrorJson {
  return { error: { message, code: error.code, exitCode: errorTable[error.code].exitCode } };
}
