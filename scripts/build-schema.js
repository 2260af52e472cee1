// `npm run gen:schema`: the JSON Schema of experiment files, schemas/experiment.schema.json, of the zod schema that checks them;
// `--print` prints it only. Descriptions are the comments of its members: as text of the program they would change the keys of stages.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import ts from 'typescript';
import { z } from 'zod';
import { rowSchema } from '../packages/core/dist/config/ablation.js';
import { experimentFileSchema } from '../packages/core/dist/config/experiment.js';
import { presets } from '../packages/core/dist/config/presets.js';
import { trialConfigSchema } from '../packages/core/dist/config/schema.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const file = `${root}schemas/experiment.schema.json`;
const comments = Object.assign({}, ...['schema', 'experiment', 'ablation'].map(commentsOf));

/** Dotted names, from that of an exported schema on (`trialConfigSchema.mfam.taps.low`), with their comments. */
function commentsOf(name) {
  const path = `${root}packages/core/src/config/${name}.ts`;
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const constants = new Map(
    source.statements
      .filter(ts.isVariableStatement)
      .flatMap((statement) =>
        statement.declarationList.declarations.map((one) => [one.name.getText(), { statement, one }]),
      ),
  );
  const found = {};
  const textOf = (node) => {
    const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
    const text = ts.getTextOfJSDocComment(comment?.comment) ?? '';
    const byDefault = ts.getTextOfJSDocComment(
      comment?.tags?.find(({ tagName }) => tagName.text === 'default')?.comment,
    );
    return [text, byDefault && `Default: ${byDefault}.`].filter(Boolean).join(' ').replaceAll(/\s+/g, ' ');
  };
  const visit = (node, at) => {
    if (ts.isIdentifier(node)) {
      const constant = constants.get(node.text);
      if (constant === undefined) return;
      found[at] ||= textOf(constant.statement);
      visit(constant.one.initializer, at);
    } else if (ts.isCallExpression(node)) {
      visit(node.expression, at);
      if (ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'strictObject')
        visit(node.arguments[0], at);
    } else if (ts.isPropertyAccessExpression(node)) visit(node.expression, at);
    else if (ts.isObjectLiteralExpression(node))
      for (const member of node.properties.filter(ts.isPropertyAssignment)) {
        const own = `${at}.${member.name.getText()}`;
        found[own] = textOf(member);
        visit(member.initializer, own);
      }
  };
  for (const [constant, { statement, one }] of constants) {
    if (!constant.endsWith('Schema')) continue;
    found[constant] = textOf(statement);
    visit(one.initializer, constant);
  }
  return found;
}

/** As draft 7, which editors know; bounds that are those of whole numbers say nothing. */
const jsonOf = (schema) =>
  JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }), (key, value) =>
      Math.abs(value) === Number.MAX_SAFE_INTEGER || key === '$schema' ? undefined : value,
    ),
  );

const isSection = (schema) => schema.type === 'object' && schema.properties !== undefined;
const ref = (name) => ({ $ref: `#/definitions/${name}` });

/** What `set` may hold: every member of the configuration by its dotted key, or in sections, and dotted keys in these. */
function settings() {
  const definitions = {};
  const valueAt = (preset, key) => key.split('.').reduce((at, part) => at?.[part], presets[preset]);
  const byPreset = (key) => {
    const values = Object.keys(presets)
      .map((preset) => [preset, JSON.stringify(valueAt(preset, key))])
      .filter(([, value]) => value !== undefined);
    if (values.length === 0) return '';
    const isOne = values.length > 1 && values.every(([, value]) => value === values[0][1]);
    return ` Default: ${isOne ? values[0][1] : values.map(([preset, value]) => `${value} (${preset})`).join(', ')}.`;
  };
  /** The keys below, as they are written from here. */
  const define = (schema, key, inherited) => {
    const own = comments[`trialConfigSchema${key && `.${key}`}`] || inherited;
    if (!isSection(schema)) {
      definitions[key] = { ...schema, description: `${own}${byPreset(key)}` };
      return [];
    }
    const keys = Object.entries(schema.properties)
      .filter(([name]) => key !== '' || (name !== 'seed' && name !== 'preset'))
      .flatMap(([name, member]) => {
        const full = key === '' ? name : `${key}.${name}`;
        return [name, ...define(member, full, own).map((rest) => `${name}.${rest}`)];
      });
    const properties = Object.fromEntries(keys.map((rest) => [rest, ref(key === '' ? rest : `${key}.${rest}`)]));
    definitions[key || 'settings'] = { type: 'object', description: own, properties, additionalProperties: false };
    return keys;
  };
  define(jsonOf(trialConfigSchema), '', 'Settings by dotted keys or nested.');
  return definitions;
}

function withDescriptions(schema, name) {
  const properties = Object.entries(schema.properties).map(([key, member]) => [
    key,
    { ...member, description: comments[`${name}.${key}`] },
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

function experimentJsonSchema() {
  const row = withDescriptions(jsonOf(rowSchema), 'rowSchema');
  row.description = comments.rowSchema;
  row.properties.set = ref('settings');
  for (const preset of Object.keys(row.properties.presets.properties))
    row.properties.presets.properties[preset] = ref('settings');
  const experiment = withDescriptions(jsonOf(experimentFileSchema), 'experimentFileSchema');
  // `set:` with nothing but comments below is null.
  const { description } = experiment.properties.set;
  experiment.properties.set = { anyOf: [ref('settings'), { type: 'null' }], description };
  const rows = (items, description) => ({ properties: { rows: { type: 'array', items, description } } });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'An experiment of calm-orch',
    description: 'What `calm-orch run` runs.',
    ...experiment,
    if: { required: ['ablation'] },
    then: rows({ type: 'string' }, 'Names of the rows of the ablation to run. Default: all.'),
    else: rows(ref('row'), 'The rows themselves.'),
    definitions: { row, ...settings() },
  };
}

const text = await format(JSON.stringify(experimentJsonSchema()), { filepath: file, printWidth: 120 });
if (process.argv.includes('--print')) process.stdout.write(text);
else {
  console.log(existsSync(file) && readFileSync(file, 'utf8') === text ? `${file} is as it was` : `wrote ${file}`);
  writeFileSync(file, text);
}
