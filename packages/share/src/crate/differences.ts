// Where two values or texts differ, in words that find the place.

export interface Difference {
  /** Such as `table-5-mfam, row all, PLCC.mean`, or `line 3`. */
  readonly where: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** Members by which people know an element of a list, in the order they are looked for. */
const names = ['table', 'row', 'name', 'claim', 'than', 'path', 'key'] as const;

/** Of values as JSON holds them; numbers that differ in their last bit differ. */
export function valueDifferences(expected: unknown, found: unknown, where: readonly string[] = []): Difference[] {
  if (Object.is(expected, found)) return [];
  const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isGroup(expected) || !isGroup(found) || Array.isArray(expected) !== Array.isArray(found))
    return [{ where: where.join(', '), expected: expected ?? null, found: found ?? null }];
  if (Array.isArray(expected) && Array.isArray(found)) {
    const length = Math.max(expected.length, found.length);
    return Array.from({ length }, (_, i) => i).flatMap((i) =>
      valueDifferences(expected[i], found[i], [...where, nameOf(expected[i], i)]),
    );
  }
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].flatMap((key) =>
    valueDifferences(expected[key], found[key], [...where, key]),
  );
}

function nameOf(element: unknown, index: number): string {
  const own = (element ?? {}) as Record<string, unknown>;
  const name = names.find((one) => typeof own[one] === 'string');
  return name === undefined ? String(index) : `${name} ${own[name] as string}`;
}

/** The first line that differs. */
export function textDifferences(expected: string, found: string): Difference[] {
  if (expected === found) return [];
  const [ours, theirs] = [expected.split('\n'), found.split('\n')];
  const at = ours.findIndex((line, i) => line !== theirs[i]);
  const line = at < 0 ? ours.length : at;
  return [{ where: `line ${line + 1}`, expected: ours[line] ?? null, found: theirs[line] ?? null }];
}
