// Rows of a long list: only those in view are in the document, and only their pages are asked for, so that ten thousand are
// as quick as ten.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { askAgainMs } from './ask.ts';

export interface View {
  readonly first: number;
  readonly count: number;
}

const pageRows = 100;
/** Drawn above and below what is seen. */
const margin = 10;

/** @param rowPixels Height of every row, as in page.css. @param question What the rows answer: another begins at its top. */
export function useView(rowPixels: number, question: string) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ first: 0, count: 40 });
  const look = useCallback(() => {
    const { scrollTop, clientHeight } = box.current!;
    setView({ first: Math.floor(scrollTop / rowPixels), count: Math.ceil(clientHeight / rowPixels) });
  }, [rowPixels]);
  useEffect(() => {
    look();
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, [look]);
  useEffect(() => box.current!.scrollTo(0, 0), [question]);
  return { box: box, view, look };
}

/** Which rows are in the document. */
export function drawn({ first, count }: View, total: number): { readonly from: number; readonly to: number } {
  return { from: Math.max(0, first - margin), to: Math.min(total, first + count + margin) };
}

/**
 * Rows that have been asked for, by their place.
 * @param question What they answer. With another, or with another number of rows, all are asked for again, and shown until
 * the answer is there.
 */
export function useRows<Row>(
  question: string,
  { first, count }: View,
  total: number,
  ask: (offset: number, limit: number) => Promise<readonly Row[]>,
) {
  const [rows, setRows] = useState<ReadonlyMap<number, Row>>(new Map());
  const shown = useRef(rows);
  shown.current = rows;
  const asked = useRef(new Set<number>());
  const [times, setTimes] = useState(0);
  const again = useCallback(() => setTimes((before) => before + 1), []);
  const asking = `${question} ${total} ${times}`;
  const current = useRef(asking);
  if (current.current !== asking) {
    current.current = asking;
    asked.current = new Set();
  }
  useEffect(() => {
    const from = Math.floor(Math.max(0, first - margin) / pageRows);
    const to = Math.floor((first + count + margin) / pageRows);
    for (let page = from; page <= to && page * pageRows < total; page++) {
      if (asked.current.has(page)) continue;
      asked.current.add(page);
      const offset = page * pageRows;
      ask(offset, pageRows).then(
        (found) => {
          if (current.current !== asking) return;
          setRows((old) => new Map([...old, ...found.map((row, i) => [offset + i, row] as const)]));
        },
        () => void setTimeout(() => current.current === asking && again(), askAgainMs),
      );
    }
  }, [asking, first, count]);
  /** False: it is in none of the rows there are. */
  const change = useCallback((row: Row, isSame: (one: Row) => boolean): boolean => {
    const place = [...shown.current].find(([, one]) => isSame(one))?.[0];
    if (place === undefined) return false;
    setRows((old) => new Map(old).set(place, row));
    return true;
  }, []);
  return { rows, change, again };
}
