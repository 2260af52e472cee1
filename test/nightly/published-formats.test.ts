// What is passed on is what its standard says: packages are Workflow Run RO-Crates, their bill of materials CycloneDX, their
// citation CFF, made data have a Croissant description. By the validators of those who made the standards: a Python
// (CALM_ORCH_PYTHON, several by `:`) with roc-validator, mlcroissant, cyclonedx-python-lib[json-validation], cffconvert.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openTracker } from '@calm-orch/tracker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { calmOrch } from '../../packages/cli/src/calm-orch.test-util.ts';
import { recordPackagedRun } from '../../packages/share/src/crate/packaged-run.test-util.ts';

const execute = promisify(execFile);
const candidates = (process.env.CALM_ORCH_PYTHON ?? 'python3').split(':');

/** A Python that has the module; undefined, and a message: none. */
async function pythonWith(module: string): Promise<string | undefined> {
  for (const python of candidates)
    if (
      await execute(python, ['-c', `import importlib; importlib.import_module('${module}')`]).then(Boolean, () => false)
    )
      return python;
  console.log(`skipped: ${candidates.join(', ')} has no ${module} (CALM_ORCH_PYTHON)`);
  return undefined;
}

const pythons = {
  crate: await pythonWith('rocrate_validator'),
  croissant: await pythonWith('mlcroissant'),
  bill: await pythonWith('cyclonedx.validation.json'),
  citation: await pythonWith('cffconvert'),
};

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'calm-orch-formats-'));
  const tracker = openTracker(join(dir, 'runs'));
  await recordPackagedRun(tracker, join(dir, 'runs'));
  tracker.close();
  const { code, stderr } = await calmOrch(['package', '-o', 'crate', '--author', 'Ada Lovelace'], { cwd: dir });
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const inPython = async (python: string, script: string): Promise<unknown> => {
  const { stdout } = await execute(python, ['-c', script], { cwd: dir, maxBuffer: 1e8 });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
};

const crateScript = `
import json
from rocrate_validator import services, models
settings = services.ValidationSettings(rocrate_uri='crate', profile_identifier='workflow-run-crate-0.5',
                                       requirement_severity=models.Severity.REQUIRED)
result = services.validate(settings)
print(json.dumps([[issue.check.identifier, issue.message] for issue in result.get_issues()]))
`;

it.skipIf(!pythons.crate)('a package is a Workflow Run RO-Crate', async (context) => {
  const found = await inPython(pythons.crate!, crateScript).catch((error: Error) => {
    // The validator reads the standard's vocabulary from the network.
    if (/URLError|ConnectionError|Name or service not known/.test(error.message)) return null;
    throw error;
  });
  if (found === null) {
    console.log('skipped: https://w3id.org cannot be reached');
    context.skip();
  }
  expect(found).toEqual([]);
});

const billScript = `
import json
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open('crate/sbom.cdx.json').read())
print(json.dumps(None if problem is None else str(problem)))
`;

it.skipIf(!pythons.bill)('its bill of materials is CycloneDX', async () => {
  expect(await inPython(pythons.bill!, billScript)).toBeNull();
});

it.skipIf(!pythons.citation)('its citation is CFF', async () => {
  const script = `
import json
from cffconvert import Citation
citation = Citation(open('crate/CITATION.cff').read())
citation.validate()
print(json.dumps(citation.as_bibtex()))
`;
  expect(await inPython(pythons.citation!, script)).toContain('Ada Lovelace');
});

const croissantScript = `
import json, mlcroissant
made = mlcroissant.Dataset(jsonld='made/croissant.json')
problems = sorted(made.metadata.ctx.issues.errors)
votes = [[int(value) for value in record.values()] for record in made.records('votes')]
splits = [record['captions/split'].decode() for record in made.records('captions')]
print(json.dumps({'problems': [str(one) for one in problems], 'votes': votes, 'splits': splits}))
`;

it.skipIf(!pythons.croissant)('made data have a Croissant description by which they are read', async () => {
  expect((await calmOrch(['data', 'make', 'made', '--size', '40'], { cwd: dir })).code).toBe(0);
  const { problems, votes, splits } = (await inPython(pythons.croissant!, croissantScript)) as Record<
    string,
    unknown[]
  >;
  expect(problems).toEqual([]);
  const lines = readFileSync(join(dir, 'made/AVA/AVA.txt'), 'utf8').trimEnd().split('\n');
  expect(votes).toEqual(lines.map((line) => line.split(' ').slice(1, 12).map(Number)));
  expect(splits).toHaveLength(50);
});
