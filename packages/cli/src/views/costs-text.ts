// The costs of a configuration as text: tables, and plain sentences on what does not fit and what would.
import type { PerModule, TrainingSetup } from '@calm-orch/model';
import { columns } from '@calm-orch/report';
import { plural } from '../progress/format.ts';
import { duration } from './format.ts';
import type { Costs, MemoryRow } from './costs.ts';

const scaled = (value: number, unit: number): string => {
  const number = value / unit;
  return number === 0 ? '0' : number >= 1000 ? number.toFixed(0) : number.toPrecision(3);
};

/** "optimizer state partitioned, 4 samples at once, activations computed again": what differs from `base`. */
export function changesOf(setup: TrainingSetup, base: TrainingSetup): string {
  return [
    ...(setup.finetune !== base.finetune ? [`LoRA of rank ${setup.loraRank}`] : []),
    ...(setup.gpus !== base.gpus ? [`${setup.gpus} GPUs`] : []),
    ...(setup.optimizerState !== base.optimizerState ? [`optimizer state ${setup.optimizerState}`] : []),
    ...(setup.recompute !== base.recompute ? ['activations computed again'] : []),
    ...(setup.microBatch !== base.microBatch ? [`${plural(setup.microBatch, 'sample')} at once`] : []),
  ].join(', ');
}

/** One sentence on whether full fine-tuning fits, and those on what would. */
function verdict({ remedies, memory, gpus, gpuMemoryGb }: Costs): string {
  const { setup: base, total } = memory[0]!;
  const room = `${gpus} x ${gpuMemoryGb} GB`;
  if (remedies.asItIs) return `Full fine-tuning in float32 fits ${room} as it is: ${scaled(total, 1e9)} GB each.`;
  const would = (row: MemoryRow): string => `${changesOf(row.setup, base)} (${scaled(row.total, 1e9)} GB each)`;
  const { full, lora, moreGpus } = remedies;
  const sentences = [
    `Full fine-tuning in float32, ${plural(base.microBatch, 'sample')} at once, does NOT fit ${room}: it takes ${scaled(total, 1e9)} GB each.`,
    full
      ? `It fits with ${would(full)}.`
      : 'No smaller micro-batch, shared optimizer state or recomputation makes it fit.',
  ];
  if (!full && moreGpus) sentences.push(`It fits with ${would(moreGpus)}.`);
  if (!full && !moreGpus) sentences.push(`Nor do ${gpus * 64} GPUs: every GPU holds all weights.`);
  sentences.push(lora ? `Otherwise it fits with ${would(lora)}.` : 'Nor does LoRA fit.');
  return sentences.join('\n');
}

function flopsNote({ flopsPerImage }: Costs): string {
  return (
    'The paper states 770 G at 224 and 878 G at 336 without saying what is counted. One pass of the language model over ' +
    `all visual tokens alone is ${scaled(flopsPerImage[0]!.llm, 1e9)} G, so its figures cannot be a whole forward pass; ours are, and are not fitted to them.`
  );
}

const dayMs = 86_400_000;

/** Long times in days: an estimate needs no minutes. */
export const span = (ms: number): string => (ms < 3 * dayMs ? duration(ms) : `${(ms / dayMs).toFixed(0)} days`);

function timeTable({ stageFlops, gflops, gpus, preset }: Costs): string {
  const total = stageFlops.reduce((sum, { flops }) => sum + flops, 0);
  // The paper's rate is that of one GPU; on a processor all trainers share it.
  const count = gflops?.source === 'given' ? gpus : 1;
  const time = (flops: number): string[] =>
    gflops === null ? [] : [span((flops / (gflops.value * 1e9 * count)) * 1000)];
  const at =
    gflops === null
      ? []
      : [
          `at ${scaled(gflops.value, 1)} GFLOP/s${gflops.source === 'measured' ? ', measured here' : count > 1 ? ` x ${count}` : ''}`,
        ];
  const rows = [...stageFlops, { stage: 'one trial', flops: total }];
  const table = columns([
    ['stage', 'TFLOP', ...at],
    ...rows.map(({ stage, flops }) => [stage, scaled(flops, 1e12), ...time(flops)]),
  ]).join('\n');
  const bound = 'Matrix products at full rate and nothing else: a lower bound.';
  return preset === 'paper' && gflops?.source === 'measured'
    ? `${table}\n${bound} Give your GPU's rate with --gflops.`
    : `${table}\n${bound}`;
}

function exchangeTable(exchange: Costs['exchange']): string {
  const isTimed = exchange[0]!.secondsPerStep !== null;
  const table = columns([
    ['received by each trainer', 'GB a step', ...(isTimed ? ['a step', 'commenting fine-tuning'] : [])],
    ...exchange.map(({ how, bytesPerStep, secondsPerStep, secondsPerStage }) => [
      how,
      scaled(bytesPerStep, 1e9),
      ...(secondsPerStep === null ? [] : [`${scaled(secondsPerStep, 1)} s`, span(secondsPerStage! * 1000)]),
    ]),
  ]).join('\n');
  return isTimed ? `${table}\nAt the full rate of the link, with nothing computed meanwhile.` : table;
}

function checkpointLine({ bytes, seconds }: Costs['checkpoint']): string {
  const time = seconds === null ? '' : `, written in ${scaled(seconds, 1)} s`;
  return `A checkpoint of full fine-tuning: ${scaled(bytes, 1e9)} GB of weights and moments${time}.`;
}

export function renderCosts(costs: Costs): string {
  const { parameters, flopsPerImage, gpus, gpuMemoryGb, memory } = costs;
  const isPaper = costs.preset === 'paper';
  const modules = ({ vision, mfam, llm }: PerModule, unit: number): string[] =>
    [vision, mfam, llm, vision + mfam + llm].map((value) => scaled(value, unit));
  const stated = (imageSize: number): string[] => (isPaper ? [imageSize === 224 ? '770' : '878'] : []);
  const base = memory[0]!.setup;
  return [
    columns([
      ['', 'ViT', 'MFAM', 'language model', 'all', ...(isPaper ? ['paper'] : [])],
      ['parameters, million', ...modules(parameters, 1e6), ...(isPaper ? ['7100'] : [])],
      ...flopsPerImage.map((flops) => [
        `GFLOP per image of ${flops.imageSize}`,
        ...modules(flops, 1e9),
        ...stated(flops.imageSize),
      ]),
    ]).join('\n'),
    ...(isPaper ? [flopsNote(costs)] : []),
    [
      `Fine-tuning on ${gpus} x ${gpuMemoryGb} GB, ${plural(base.microBatch, 'sample')} of ${costs.tokens} tokens at once; GB per GPU:`,
      ...columns([
        [
          'trained',
          'optimizer state',
          'numbers',
          'activations',
          'weights',
          'gradients',
          'optimizer',
          'kept',
          'all',
          '',
        ],
        ...memory.map(({ setup, weights, gradients, optimizer, activations, total, fits }) => [
          setup.finetune === 'full' ? 'all' : `LoRA, rank ${setup.loraRank}`,
          setup.optimizerState,
          setup.precision,
          setup.recompute ? 'computed again' : 'kept',
          ...[weights, gradients, optimizer, activations, total].map((value) => scaled(value, 1e9)),
          fits ? 'fits' : 'does not fit',
        ]),
      ]),
    ].join('\n'),
    verdict(costs),
    ...(costs.exchange.length > 0 ? [exchangeTable(costs.exchange)] : []),
    checkpointLine(costs.checkpoint),
    ...(costs.stageFlops.length > 0 ? [timeTable(costs)] : []),
  ].join('\n\n');
}
