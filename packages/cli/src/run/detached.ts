// What the process in the background of `--detach` tells the one in front, before that one leaves it alone.

export const detachedMark = 'CALM_ORCH_DETACHED';

/** Whether this is the process in the background. */
export function isDetached(): boolean {
  return process.env[detachedMark] === '1' && process.send !== undefined;
}

/** The last that is said: the channel would keep this process alive. */
export function tellFront(message: object): void {
  if (!isDetached() || !process.connected) return;
  process.send!(message, () => process.connected && process.disconnect());
}
