// A program's text with its variables numbered in order of appearance. esbuild's minifier gives each variable a short
// name by rank, but which letter a rank gets depends on how often letters stand in the source, and so on names and
// sentences that are no code. Numbering takes that last accident out; properties, globals and literals stay as they are.
import { parse, type AnyNode, type Identifier, type Node } from 'acorn';

/** Equal for minified programs that differ in the names of their variables alone. */
export function codeShape(minified: string): string {
  const program = parse(minified, { ecmaVersion: 'latest', sourceType: 'module' });
  const names: Identifier[] = [];
  const own = new Set<string>();
  visit(program, (node, isVariable) => {
    if (node.type === 'Identifier' && isVariable) names.push(node);
    for (const name of declaredBy(node)) own.add(name);
  });
  const numbers = new Map<string, number>();
  const parts: string[] = [];
  let end = 0;
  for (const { name, start, end: next } of names.sort((a, b) => a.start - b.start)) {
    if (!own.has(name)) continue;
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    // `#` cannot stand before a digit in a program.
    parts.push(minified.slice(end, start), `#${numbers.get(name)}`);
    end = next;
  }
  return parts.join('') + minified.slice(end);
}

/** Calls `see` for every node; `isVariable` is false for identifiers that name a property, an export or a label. */
function visit(node: Node, see: (node: AnyNode, isVariable: boolean) => void, isVariable = true): void {
  const any = node as AnyNode;
  see(any, isVariable);
  for (const field in any) {
    const value = any[field as keyof AnyNode] as unknown;
    if (typeof value !== 'object' || value === null) continue;
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(child)) visit(child, see, !namesMember(any, field));
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function namesMember(node: AnyNode, field: string): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return field === 'property' && !node.computed;
    case 'Property':
      // In `{ a }` key and value are one identifier: a variable whose name is also a key, and both stay.
      return (field === 'key' && !node.computed) || (field === 'value' && node.shorthand);
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return field === 'key' && !node.computed;
    case 'ImportSpecifier':
      return field === 'imported';
    case 'ExportSpecifier':
      return field === 'exported';
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return field === 'label';
    default:
      return false;
  }
}

/** Names of variables a node brings into being. */
function declaredBy(node: AnyNode): string[] {
  switch (node.type) {
    case 'VariableDeclarator':
      return namesIn(node.id);
    case 'FunctionDeclaration':
    case 'FunctionExpression':
      return [...namesIn(node.id), ...node.params.flatMap(namesIn)];
    case 'ArrowFunctionExpression':
      return node.params.flatMap(namesIn);
    case 'ClassDeclaration':
    case 'ClassExpression':
      return namesIn(node.id);
    case 'CatchClause':
      return namesIn(node.param);
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
      return namesIn(node.local);
    default:
      return [];
  }
}

function namesIn(pattern: AnyNode | null | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((part) => namesIn(part.type === 'Property' ? part.value : part.argument));
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesIn);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'RestElement':
      return namesIn(pattern.argument);
    default:
      return [];
  }
}
