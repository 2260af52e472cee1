// A model card (Mitchell et al. 2019) with the metadata that Hugging Face's hub reads at its top.
import type { ResolvedExperiment, TrialConfig } from '@calm-orch/core';
import { renderTables, type Table } from '@calm-orch/report';
import type { Environment, PackagedRun } from './source.ts';

type Config = Omit<TrialConfig, 'seed'>;

/** The trial whose weights lie beside the card; absent: a card of all trials of the run. */
export interface CardTrial {
  readonly row: string;
  readonly seed: number;
  readonly fingerprint: string | null;
  readonly config: TrialConfig;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** Of an exported model. */
const files =
  '`vision/` (CLIPVisionModel) and `llm/` (LlamaForCausalLM) for transformers; `mfam.safetensors`: projection and Q-Formers by level; `taps.safetensors`, where it is there: mean and deviation by which hidden states are standardised; `calm.json`: the configuration';

/** Metrics that the hub's index of results knows no task of stand in the tables alone. */
const indexed = ['PLCC', 'SRCC', 'CIDEr', 'ROUGE-L', 'METEOR', 'BLEU-4'];

/** What a card says of the run. */
export interface CardSource {
  readonly run: Pick<PackagedRun, 'run' | 'title' | 'program' | 'license' | 'resolved'>;
  readonly environment: Pick<Environment, 'versions' | 'machine'>;
}

export function modelCard({ run, environment }: CardSource, tables: readonly Table[], trial?: CardTrial): string {
  const { config: shared, rehearsal } = run.resolved as unknown as ResolvedExperiment;
  const config: Config = trial?.config ?? shared;
  const name = trial === undefined ? run.run : `${run.run} ${trial.row} seed ${trial.seed}`;
  const isStudio = config.data.source === 'studio';
  const data = isStudio ? 'the embedded studio photographs' : 'the datasets that the configuration names';
  const { machine, versions } = environment;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      'Model',
      [
        `CALM (Advancing Comprehensive Aesthetic Insight with Multi-Scale Text-Guided Self-Supervised Learning, AAAI 2025), trained by calm-orch ${run.program}: a frozen ViT, whose hidden states Q-Formers of several levels turn into image tokens of a language model that scores photographs and comments on them.`,
        bullets([
          [
            'Vision',
            `${config.vision.numLayers} layers of width ${config.vision.hiddenSize}, ${config.vision.imageSize} x ${config.vision.imageSize} pixels`,
          ],
          [
            'Levels',
            `${config.mfam.levels.join(', ')} (${config.mfam.queries} queries each, width ${config.mfam.hiddenSize})`,
          ],
          [
            'Language model',
            `${config.llm.numLayers} layers of width ${config.llm.hiddenSize}, ${config.llm.vocabSize} tokens`,
          ],
          ...(trial === undefined
            ? []
            : [['Fingerprint', trial.fingerprint ?? 'none'] as const, ['Files', files] as const]),
        ]),
      ],
    ],
    [
      'Intended use',
      [
        "Research on whether the paper's mechanism works. It is no measure of a photograph's worth, and nobody should be judged by it.",
        ...(isStudio
          ? ['Trained on rendered photographs at a small scale: its scores of real photographs mean little.']
          : []),
        ...(rehearsal ? ['**A rehearsal: its numbers mean nothing.**'] : []),
      ],
    ],
    [
      'Training',
      [
        trial === undefined
          ? `Data: ${data}. Every stage, with its configuration, inputs and hashes, is in \`stages.json\`; the whole configuration in \`configuration.yaml\`.`
          : `Data: ${data}. The whole configuration is in \`calm.json\`.`,
        bullets(
          (['pretrainGeneric', 'pretrainSsl', 'finetuneComment', 'finetuneScore'] as const).map((stage) => {
            const { steps, batchSize, peakLearningRate } = config[stage];
            return [stage, `${steps} steps of ${batchSize} samples, learning rate up to ${peakLearningRate}`];
          }),
        ),
        `Computed on ${JSON.stringify(machine)} with ${JSON.stringify(versions)}.`,
      ],
    ],
    [
      'Results',
      [
        ...(trial === undefined
          ? []
          : [
              bullets(
                Object.entries(trial.metrics).map(([metric, value]) => [
                  metric,
                  value === null ? 'undefined' : String(value),
                ]),
              ),
            ]),
        ...(tables.length === 0 ? ['The run has no table.'] : [renderTables(tables, 'markdown')]),
      ],
    ],
    [
      'Limits',
      [
        'Verdicts hold for this size and these data; they do not say whether the paper is right.',
        'Comments repeat what people wrote of photographs, and so their taste, their language and their errors.',
      ],
    ],
  ];
  return [
    '---',
    ...front(run.license, trial, name),
    '---',
    '',
    `# ${name}: ${run.title}`,
    ...sections.flatMap(([title, paragraphs]) => ['', `## ${title}`, ...paragraphs.flatMap((text) => ['', text])]),
    '',
  ].join('\n');
}

/** YAML; JSON strings are. */
function front(license: string, trial: CardTrial | undefined, name: string): string[] {
  const results = Object.entries(trial?.metrics ?? {}).flatMap(([metric, value]) =>
    value === null || !indexed.includes(metric) ? [] : [[metric, value] as const],
  );
  return [
    `license: ${JSON.stringify(license.toLowerCase())}`,
    'library_name: calm-orch',
    'language: en',
    'pipeline_tag: image-text-to-text',
    'tags: [image-aesthetics, image-quality-assessment, calm]',
    ...(results.length === 0
      ? []
      : [
          'model-index:',
          `- name: ${JSON.stringify(name)}`,
          '  results:',
          '  - task: { type: image-text-to-text }',
          '    dataset: { name: "test items of the run", type: calm-orch }',
          '    metrics:',
          ...results.map(([metric, value]) => `    - { type: ${JSON.stringify(metric)}, value: ${value} }`),
        ]),
  ];
}

const bullets = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([name, text]) => `- ${name}: ${text}`).join('\n');
