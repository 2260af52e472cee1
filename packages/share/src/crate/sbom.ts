// A software bill of materials (CycloneDX 1.6) of the program as it is installed: every package that its own resolve, as Node
// would find it, with version and licence. Packages that are not installed are not listed.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '@calm-orch/core';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** @param dir Folder of the package it begins with. @param program Version of the program. */
export function billOfMaterials(dir: string, { program, made }: { readonly program: string; readonly made: string }) {
  const found = new Map<string, { readonly manifest: Manifest; readonly needs: readonly string[] }>();
  const visit = (folder: string): string => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    const id = refOf(manifest);
    if (found.has(id)) return id;
    found.set(id, { manifest, needs: [] });
    const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort();
    const needs = names.flatMap((name) => {
      const place = resolved(folder, name);
      return place === null ? [] : [visit(place)];
    });
    found.set(id, { manifest, needs });
    return id;
  };
  const root = visit(realpathSync(dir));
  const components = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = sha256(components.map(([id]) => id).join('\n'));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    version: 1,
    metadata: {
      timestamp: made,
      component: {
        type: 'application',
        'bom-ref': 'calm-orch',
        name: 'calm-orch',
        version: program,
        licenses: licenses('Apache-2.0'),
      },
    },
    components: components.map(([id, { manifest }]) => ({
      ...{ type: 'library', 'bom-ref': id, name: manifest.name, version: manifest.version },
      ...(typeof manifest.license === 'string' && { licenses: licenses(manifest.license) }),
      purl: id,
    })),
    dependencies: [
      { ref: 'calm-orch', dependsOn: [root] },
      ...components.map(([ref, { needs }]) => ({ ref, dependsOn: [...new Set(needs)].sort() })),
    ],
  };
}

const licenses = (expression: string) =>
  /^[\w.+-]+$/.test(expression) && !/^(see|unlicensed)/i.test(expression)
    ? [{ license: { id: expression } }]
    : / (and|or|with) /i.test(expression)
      ? [{ expression }]
      : [{ license: { name: expression } }];

const refOf = ({ name, version }: Manifest): string => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** Where Node finds a package that one in `folder` asks for. */
function resolved(folder: string, name: string): string | null {
  for (let place = folder; ; place = dirname(place)) {
    const candidate = join(place, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (place === dirname(place)) return null;
  }
}
