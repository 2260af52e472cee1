// A terminal for stories: a shell in a pseudo-terminal of Python's, which can be hung up like a lost connection.
import { spawn, spawnSync } from 'node:child_process';
import { program, storyEnvironment, type Story, type StoryOptions } from './story.test-util.ts';

/** Passes on what the terminal shows and what is typed; the end of its input hangs up: a signal as from a shell, then the kernel's own. */
const script = `
import os, pty, select, signal, sys
pid, master = pty.fork()
if pid == 0: os.execvp('sh', ['sh', '-c', sys.argv[1]])
while True:
    ready = select.select([master, 0], [], [])[0]
    if master in ready:
        try: os.write(1, os.read(master, 65536))
        except OSError: break
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(master, typed)
            continue
        os.killpg(os.tcgetpgrp(master), signal.SIGHUP)
        break
os.close(master)
os.waitpid(pid, 0)
`;

export const hasTerminals = spawnSync('python3', ['-c', 'import pty']).status === 0;

export interface Terminal {
  text(): string;
  type(text: string): void;
  /** Once the shell has gone. */
  hangUp(): Promise<void>;
  readonly ended: Promise<void>;
}

/** `calm-orch` in the command line stands for the program. */
export function openTerminal(story: Story, commandLine: string, options: StoryOptions = {}): Terminal {
  const line = commandLine.replaceAll('calm-orch', `${process.execPath} ${program}`);
  const child = spawn('python3', ['-c', script, line], {
    cwd: story.dir,
    env: { ...storyEnvironment(story.dir, options), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    text: () => text,
    type: (typed) => child.stdin.write(typed),
    hangUp: () => {
      child.stdin.end();
      return ended;
    },
    ended,
  };
}
