// What is wrong with a cluster at the moment: told once when it begins, and once when it is over.
export interface Trouble {
  /** null: nothing. */
  readonly problem: string | null;
  say(problem: string | null): void;
}

export function createTrouble(onNote: (message: string) => void, overMessage: string): Trouble {
  let problem: string | null = null;
  return {
    get problem() {
      return problem;
    },
    say: (now) => {
      if (now !== problem) onNote(now ?? overMessage);
      problem = now;
    },
  };
}
