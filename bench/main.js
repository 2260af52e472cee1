// `npm run bench -- COMMAND`: measurements of the built program against its peers, on the machine at hand.
// Nothing here is imported by the packages. A command prints one JSON object with --json, else a table.

const usage = `usage: npm run bench -- COMMAND [options]

commands
  step [--config FILE.json] [--steps N] [--precision fp32|bf16] [--python PY] [--json]
      ms of one training step: eager, compiled, training (the product's own step), and PyTorch's where PY, a Python
      with torch, is given. FILE.json defaults to bench/nano.json (also: bench/small.json). With bf16 also ours in float32,
      and no eager step: only compiled graphs compute in bfloat16.
  gang [--config FILE.json] [--optimizer replicated|partitioned] [--steps N] [--rounds N] [--json]
      ms of a step of one trainer with one thread, and of two such trainers ganged on one stage; what their exchange
      costs. FILE.json defaults to bench/small.json.
  exchange [--mib N] [--bucket MIB] [--members N] [--repeats N] [--streamed] [--json]
      gigabytes of gradients a second that two processes of this machine exchange and sum, as the members of a gang do at
      every step, until both have the sum: N (256) MiB each, in buckets of at most 128; in shared memory, or streamed as
      between hosts.
  recovery [--kills N] [--json]
      ms from kill -9 of one of two ganged trainers of a run (preset nano) to the next step that the other finishes.
  commands [--dir RUNS] [--rounds N] [--json]
      ms of --help, the reading commands, plan, and of run until its first line. RUNS, a folder with a finished run, is by
      default one made here with experiments/smoke.yaml.
  generate [--config FILE.json]... [--batch N] [--rounds N] [--json]
      tokens a second with the cache of keys and values, and with everything computed anew for each token.
      FILE.json defaults to bench/nano.json and bench/small.json.
  memory [--config FILE.json] [--batches FEW,MANY] [--recompute none|layers] [--precision fp32|bf16] [--json]
      what a sample adds to the peak memory of a training step, beside what plan says.
  phases [--config FILE.json] [--trainers N] [--optimizer replicated|partitioned] [--lora RANK] [--accumulation N] [--json]
      peak memory of the phases of a training (start, step, checkpoint, last step) of N trainers of one thread each, the
      largest of them, above what the engine takes, beside what plan says. FILE.json defaults to bench/tenth.json, 0.1
      billion weights. Linux.
  steady [--config FILE.json] [--steps N] [--warmup N] [--json]
      resident memory and tensors of a process that trains, after the warm-up and after N (1000) more steps.
  metrics [--items N] [--rounds N] [--python PY] [--json]
      seconds of BLEU, ROUGE-L and CIDEr for 10,000 items, tokenizing included, and pycocoevalcap's where PY, a Python
      with pycocoevalcap (and Java), is given.
  readers [--percent N] [--rounds N] [--only NAME,...] [--dir DIR] [--json]
      seconds and peak memory of the identity of every dataset and of the catalogue, without decoding, where label files
      have N (100) % of their published sizes; of all datasets and pools, or of those named. They take 5 GB of disk and are
      removed, but those in DIR stay for another call.
  tracker [--writers N] [--rows N] [--batch N] [--rounds N] [--python PY] [--json]
      metric rows a second from 32 workers that report 1000 each, 100 a call, over gRPC into the database, and MLflow's
      where PY, a Python with mlflow, is given.
  load [--workers N] [--processes N] [--stages N] [--items N] [--seconds N] [--rounds N] [--json]
      items a second that a coordinator gives to 1000 workers with a connection each, how long one waits, and how soon all are
      back after the coordinator was killed and started again.
  page [--runs N] [--points N] [--live N] [--ticks N] [--dir DIR] [--rounds N] [--json]
      ms of \`runs\`, \`tables\`, of what the page asks for, and in Chromium (where it is here) of the page, on a folder of
      10,000 runs and 5 million metric points made here (0.5 GB of disk, three minutes; it stays in DIR for another call);
      bytes a second of news of N (50) runs that train.
  augment [--photos DIR] [--side N] [--rounds N] [--python PY] [--json]
      ms per photograph of the augmentor's operations beside Pillow's, one thread each. DIR defaults to the carried
      photographs, N to 560 (2.5 times 224), PY to python3; without Pillow ours alone.
  visibility [--exclusions]
      median PSNR of photographs with and without each augmentation, by severity, as docs/data.md has it. With
      --exclusions which changes hide which others (some ten minutes).`;

const commands = {
  step: () => import('./step-command.js'),
  gang: () => import('./gang-command.js'),
  exchange: () => import('./exchange-command.js'),
  recovery: () => import('./recovery-command.js'),
  commands: () => import('./commands-command.js'),
  generate: () => import('./generate-command.js'),
  memory: () => import('./memory-command.js'),
  phases: () => import('./phases-command.js'),
  steady: () => import('./steady-command.js'),
  metrics: () => import('./metrics-command.js'),
  readers: () => import('./readers-command.js'),
  tracker: () => import('./tracker-command.js'),
  load: () => import('./load-command.js'),
  page: () => import('./page-command.js'),
  augment: () => import('./augment-command.js'),
  visibility: () => import('./visibility-command.js'),
};

async function main([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(usage);
    return name === undefined ? 2 : 0;
  }
  if (!Object.hasOwn(commands, name)) {
    console.error(`bench: no command '${name}'; there is ${Object.keys(commands).join(', ')}\n\n${usage}`);
    return 2;
  }
  const { run } = await commands[name]();
  return run(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
