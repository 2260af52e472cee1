// The kinds of stages that augmentors compute. Nothing here loads their code.
import type { StageDefinition } from '@calm-orch/core';
import { data } from './data.kind.ts';
import { augment } from './augment.kind.ts';
import { dataPersonal } from './data-personal.kind.ts';
import { degrade } from './degrade.kind.ts';

export const kinds: readonly StageDefinition[] = [...data, augment, dataPersonal, degrade];
