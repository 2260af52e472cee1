// `npm run bench -- visibility`: how well each attribute's change is seen at each severity; with --exclusions which changes
// hide others. On the carried photographs for training.
import { parseArgs } from 'node:util';
import { attributeNames, wordsOf } from '@calm-orch/datasets';

const moduleOf = (name) => import(new URL(`../packages/augmentor/dist/augmentations/${name}.js`, import.meta.url).href);
const sides = [224, 64];

export async function run(args) {
  const { values } = parseArgs({ args, options: { exclusions: { type: 'boolean', default: false } } });
  const { severitiesOf } = await moduleOf('severities');
  const visibility = await moduleOf('visibility');
  const photos = await visibility.photosToMeasure();
  const measure = { ...visibility, severitiesOf, photos };
  if (values.exclusions) await printExclusions(measure);
  else await printRatios(measure);
  return 0;
}

async function printRatios({ kindsOf, photos, seenBeside, severitiesOf }) {
  console.log('| attribute, kind | severities | median PSNR at 224, dB | at 64, dB |\n| --- | --- | --- | --- |');
  for (const attribute of attributeNames)
    for (const kind of kindsOf(attribute)) {
      const severities = severitiesOf(attribute);
      const cells = [];
      for (const side of sides) {
        const ratios = [];
        for (const severity of severities)
          ratios.push((await seenBeside(photos, { attribute, severity, kind }, side)).psnr);
        cells.push(ratios.map((ratio) => ratio.toFixed(1)).join(', '));
      }
      const name = kindsOf(attribute).length > 1 ? `${attribute}, ${kind}` : attribute;
      console.log(`| ${name} | ${severities[0]} to ${severities.at(-1)} | ${cells.join(' | ')} |`);
    }
}

/** A line for each pair of which one is hidden by the other, as in exclusions.ts. */
async function printExclusions({ leastSeenBeside, photos, severitiesOf }) {
  for (const attribute of attributeNames)
    for (const other of attributeNames) {
      if (wordsOf(attribute).axis === wordsOf(other).axis) continue;
      const [lowest] = severitiesOf(attribute);
      const least = [1, 1, 1, 1, 1];
      for (const severity of severitiesOf(other)) {
        const found = await leastSeenBeside(photos, attribute, { attribute: other, severity }, [64, 224]);
        if (found > lowest) least[severity - 1] = found;
      }
      if (Math.max(...least) > 1) console.log(`${attribute} beside ${other}: ${least.join(', ')}`);
    }
}
