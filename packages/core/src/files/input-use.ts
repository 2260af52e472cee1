// How much of what a user gave is used, of how much, and why not the rest: the same words for a folder of photographs, a list
// of labels and a file of conversations.

export interface LeftOutKind {
  /** As in "3 HEIC, not read: convert them to JPEG". */
  readonly reason: string;
  readonly count: number;
  /** The name of the first. */
  readonly example: string;
}

export interface InputUse {
  readonly what: string;
  /** What is counted: "files", "labels". */
  readonly noun: string;
  readonly given: number;
  readonly used: number;
  /** In the order they were met. */
  readonly left: readonly LeftOutKind[];
}

export interface InputTally {
  use(): void;
  leave(reason: string, example: string): void;
  result(): InputUse;
}

export function tallyInput(what: string, noun: string): InputTally {
  const left = new Map<string, { count: number; example: string }>();
  let used = 0;
  return {
    use: () => void (used += 1),
    leave: (reason, example) => {
      const known = left.get(reason);
      if (known === undefined) left.set(reason, { count: 1, example });
      else known.count += 1;
    },
    result: () => {
      const kinds = [...left].map(([reason, { count, example }]) => ({ reason, count, example }));
      return { what, noun, used, given: kinds.reduce((sum, { count }) => sum + count, used), left: kinds };
    },
  };
}

/** One sentence. */
export function inputUseText({ what, noun, given, used, left }: InputUse): string {
  const rest = left.map(({ reason, count, example }) => `${count} ${reason} (${example})`);
  return `${what}: ${used} of ${given} ${noun} ${used === 1 ? 'is' : 'are'} used${rest.length > 0 ? `; left out: ${rest.join(', ')}` : ''}`;
}
