// What a worker is told about the item it holds.
import type { WorkItem } from '@calm-orch/rpc';
import type { AttemptRecord } from '@calm-orch/tracker';
import type { CoordinatorOptions } from './records.ts';
import type { StageRecord } from './stage-progress.ts';

export function workItem(
  { layout, policy }: Pick<CoordinatorOptions, 'layout' | 'policy'>,
  stage: StageRecord,
  item: number,
  { token, attempt }: Pick<AttemptRecord, 'token' | 'attempt'>,
): WorkItem {
  const { key, kind, config } = stage;
  const inputs = Object.entries(stage.inputKeys).map(([name, input]) => [name, layout.artifact(input)] as const);
  return {
    token,
    stage: { key, kind, config },
    item,
    attempt,
    inputs: Object.fromEntries(inputs),
    inputKeys: stage.inputKeys,
    outputDir: layout.attempt(key, token),
    checkpointDir: layout.checkpoint(key),
    checkpointEveryMs: stage.checkpointEveryMs,
    keepCheckpoints: stage.keepCheckpoints,
    optimizer: stage.optimizer,
    exchange: stage.exchange,
    hangTimeoutMs: policy.hangTimeoutMs,
  };
}
