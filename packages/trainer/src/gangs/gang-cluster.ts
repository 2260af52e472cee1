// How the members of a roster come to add gradients in the graph: each starts a server of TensorFlow and tells the others its
// port, then whether it has joined them. All hear the same, so all decide alike.
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { freePort, joinCluster, type Cluster } from '@calm-orch/engine';
import type { ClusterStep, ShardedStep } from '@calm-orch/model';
import type { Meeting } from './gang-meeting.ts';
import { toldPerShard } from './gang-step.ts';

/** A step, or why there is none. */
export type ClusterEntry = { readonly member: ClusterStep } | { readonly why: string };

/** null: the roster was replaced first. */
export async function enterCluster(
  meeting: Meeting,
  whole: ShardedStep,
  signal: AbortSignal,
): Promise<ClusterEntry | null> {
  const { members, rank } = meeting.roster;
  if (!whole.canCluster(members.length)) return { why: `not all of ${members.length} compute one block in one call` };
  const port = await freePort();
  const offers = await meeting.tellAll('port', Float32Array.from(port === null ? [0] : [port, ...place()]), signal);
  if (offers === null) return null;
  const ports = offers.map(([port]) => port!);
  if (ports.includes(0)) return { why: 'one of them can start no server of TensorFlow, or no further one' };
  if (new Set(offers.map((offer) => offer.slice(1).join())).size > 1) return { why: 'they are of several hosts' };
  const joined = join(whole, ports, rank);
  let entry: ClusterEntry | null = null;
  try {
    const all = await meeting.tellAll('joined', Float32Array.of('member' in joined ? 1 : 0), signal);
    const failed = all?.findIndex(([isJoined]) => isJoined === 0) ?? -1;
    if (all !== null) entry = failed < 0 || 'why' in joined ? joined : { why: `the server of rank ${failed} failed` };
    return entry;
  } finally {
    if ('member' in joined && entry !== joined) joined.member.dispose();
  }
}

function join(whole: ShardedStep, ports: readonly number[], rank: number): ClusterEntry {
  let cluster: Cluster | undefined;
  try {
    cluster = joinCluster(ports, rank);
    return { member: whole.clusterMember(cluster, toldPerShard) };
  } catch (error) {
    cluster?.leave();
    return { why: (error as Error).message };
  }
}

/** Equal for processes that reach each other at 127.0.0.1; numbers that a float32 holds exactly. */
function place(): number[] {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  const hash = createHash('sha256').update(boot).update(readlinkSync('/proc/self/ns/net')).digest();
  return [0, 1, 2, 3].map((i) => hash.readUInt16BE(2 * i));
}
