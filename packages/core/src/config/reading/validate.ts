// A zod schema's verdict as sentences: where, what was expected, what was there, and the nearest valid word.
import { z } from 'zod';
import { suggestion } from '../suggest.ts';
import type { Path, Problem } from './yaml-position.ts';

/** Where a path of the value stands in its source; `part` as in YamlFile.at. */
export type Locate = (path: Path, part: 'key' | 'value') => string;

/** Problems of `value` under `schema`; `prefix` is the value's own path in its source. */
export function problemsOf(schema: z.ZodType, value: unknown, locate: Locate, prefix: Path = []): Problem[] {
  const verdict = schema.safeParse(value);
  if (verdict.success) return [];
  const seen = new Set<string>();
  return verdict.error.issues.flatMap((issue): Problem[] => {
    const path = issue.path as (string | number)[];
    if (issue.code === 'unrecognized_keys') {
      const valid = keysOf(schemaAt(schema, path));
      return issue.keys.map((key) => ({
        at: locate([...prefix, ...path, key], 'key'),
        message: `unknown key \`${key}\`${suggestion(key, valid)}`,
      }));
    }
    const full = [...prefix, ...path];
    if (seen.has(full.join('.'))) return [];
    seen.add(full.join('.'));
    const got = valueAt(value, path);
    const expected = describe(schemaAt(schema, path));
    const name = full.join('.') || 'the file';
    if (got === undefined && path.length > 0) {
      return [{ at: locate(full.slice(0, -1), 'value'), message: `\`${name}\` is missing: expected ${expected}` }];
    }
    const near = typeof got === 'string' ? nearWord(schemaAt(schema, path), got) : '';
    const why = issue.code === 'custom' ? issue.message : `expected ${expected}`;
    return [{ at: locate(full, 'value'), message: `\`${name}\`: ${why}, got ${show(got)}${near}` }];
  });
}

/** The schema of a member, looking through optional, nullable and default; undefined if there is none. */
export function schemaAt(schema: z.ZodType | undefined, path: Path): z.ZodType | undefined {
  let at = unwrap(schema);
  for (const key of path) {
    if (at instanceof z.ZodObject) at = unwrap((at.shape as Record<string, z.ZodType>)[key]);
    else if (at instanceof z.ZodArray) at = unwrap(at.element as z.ZodType);
    else if (at instanceof z.ZodRecord) at = unwrap(at.valueType as z.ZodType);
    else return undefined;
  }
  return at;
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

export function keysOf(schema: z.ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** Dotted keys of all members that are not objects themselves. */
export function leafKeys(schema: z.ZodType, prefix = ''): string[] {
  if (!(schema instanceof z.ZodObject)) return [prefix];
  return Object.entries(schema.shape).flatMap(([key, member]) =>
    leafKeys(member as z.ZodType, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | null | undefined)?.[key], value);
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** What a schema accepts, in words: "a whole number above 0". */
export function describe(schema: z.ZodType | undefined): string {
  return schema ? inWords(z.toJSONSchema(schema, { unrepresentable: 'any' }) as JsonSchema) : 'nothing';
}

function inWords(json: JsonSchema): string {
  if (json.const !== undefined) return show(json.const);
  if (json.enum) return `one of ${json.enum.map((value) => String(value)).join(', ')}`;
  if (json.anyOf) return json.anyOf.map(inWords).join(' or ');
  switch (json.type) {
    case 'integer':
    case 'number': {
      const noun = json.type === 'integer' ? 'a whole number' : 'a number';
      const { minimum, exclusiveMinimum, maximum = Infinity } = json;
      if (minimum !== undefined && maximum < Number.MAX_SAFE_INTEGER) return `${noun} from ${minimum} to ${maximum}`;
      if (exclusiveMinimum !== undefined && exclusiveMinimum > Number.MIN_SAFE_INTEGER)
        return `${noun} above ${exclusiveMinimum}`;
      return minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? `${noun} of at least ${minimum}` : noun;
    }
    case 'array':
      return `a list${json.minItems ? ` of at least ${json.minItems}` : ''} (each ${inWords(json.items ?? {})})`;
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'object':
      return 'keys with values';
    case 'null':
      return 'null';
    default:
      return 'a value';
  }
}

function nearWord(schema: z.ZodType | undefined, got: string): string {
  if (!(schema instanceof z.ZodEnum)) return '';
  const guess = suggestion(got, schema.options.map(String));
  return guess.startsWith('; did') ? guess : '';
}
