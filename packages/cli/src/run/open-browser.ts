// Opens an address in the user's browser, where there is a desktop to open it on.
import { spawn } from 'node:child_process';

const openers: Partial<Readonly<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  linux: ['xdg-open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Does nothing without a desktop; that it did not work is no error, as the address is printed too. */
export function openBrowser(address: string, env: NodeJS.ProcessEnv = process.env): void {
  const opener = openers[process.platform];
  const hasDesktop = process.platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  if (opener === undefined || !hasDesktop) return;
  const [program, ...args] = opener;
  spawn(program, [...args, address], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref();
}
