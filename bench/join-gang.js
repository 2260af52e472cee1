// A member of a gang in a process of its own: it tells the parent where its tensors are, and is told by it who else is in.
import { nativeMemory } from '@calm-orch/engine';
import { createComputeGang, openTensorPlane, tokenAccess } from '@calm-orch/rpc';

/** @returns The gang once it is joined, and a signal that never ends it. */
export async function joinGang({ address, token, ...more }) {
  const plane = await openTensorPlane({ address, access: tokenAccess(token), memory: nativeMemory(), ...more });
  const gang = createComputeGang({
    plane: () => Promise.resolve(plane),
    stageKey: 'bench',
    onReady: (at) => process.send({ type: 'ready', address: at }),
  });
  process.on('message', ({ roster }) => gang.update(roster));
  const { signal } = new globalThis.AbortController();
  await gang.join(signal);
  return { gang, signal };
}
