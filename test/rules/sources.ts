// Reads the packages of this repository as the rules see them: their sources, what each file imports and how.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Import {
  /** Path of the importing file, relative to the repository. */
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  /** `type`: erased when compiled; `lazy`: import() when a function runs; `static`: when the file is loaded. */
  readonly kind: 'type' | 'lazy' | 'static';
}

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** Folder name below packages/, and the name after `@calm-orch/`. */
  readonly name: string;
  readonly manifest: Manifest;
  /** Source files without tests, relative to the repository. */
  readonly files: readonly string[];
}

/** Every package with sources, tests and their helpers left out. */
export function workspacePackages(): readonly WorkspacePackage[] {
  return readdirSync(join(repository, 'packages')).flatMap((name): WorkspacePackage[] => {
    const source = join(repository, 'packages', name, 'src');
    if (!existsSync(source)) return [];
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file) && !/\.(test|test-util|d)\.tsx?$/.test(file))
      .map((file) => relative(repository, join(source, file)));
    return [{ name, manifest: readManifest(name), files }];
  });
}

function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8')) as Manifest;
}

/** All imports and re-exports of one file. */
export function importsOf(file: string): readonly Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(repository, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, kind: Import['kind']): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ file, line, specifier: specifier.text, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnly(node) ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], 'lazy');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `import type`, or a list in which every name is marked as a type. */
function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}
