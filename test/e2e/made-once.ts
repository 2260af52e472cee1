// Where runs lie that several files look at, each made by the first that asks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    madeOnce: string;
  }
}

export default function setup(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'calm-orch-made-once-'));
  project.provide('madeOnce', dir);
  return () => rmSync(dir, { recursive: true, force: true });
}
