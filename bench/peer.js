// Runs a peer's script in a process of its own; what counts is the last line it prints, one JSON object.
import { spawn } from 'node:child_process';

/**
 * @param {string} program for instance a Python with torch
 * @param {readonly string[]} args script and its arguments
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv, codes?: readonly number[] }} options with exit codes that are no failure
 * @returns {Promise<Record<string, unknown>>} the printed object
 * @throws {Error} with the end of stderr when the process fails or prints no JSON
 */
export function runPeer(program, args, { timeoutMs = 30 * 60_000, env = process.env, codes = [0] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs, env });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-2000)));
    child.on('error', (error) => reject(new Error(`cannot start ${program}: ${error.message}`, { cause: error })));
    child.on('close', (code, signal) => {
      const last = stdout.trim().split('\n').at(-1);
      const reason = stderr.trim().split('\n').at(-1) || 'it printed nothing on stderr';
      if (!codes.includes(code)) {
        reject(new Error(`${program} ${args[0]} ended with ${signal ?? `exit code ${code}`}: ${reason}`));
        return;
      }
      try {
        resolve(JSON.parse(last));
      } catch (error) {
        reject(new Error(`${program} ${args[0]} printed no JSON line but '${last}'`, { cause: error }));
      }
    });
  });
}
