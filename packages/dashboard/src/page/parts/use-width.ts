// The width of an element in pixels, followed as it changes.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** 0 until it is drawn. */
export function useWidth<T extends HTMLElement>(): { readonly box: RefObject<T | null>; readonly width: number } {
  const box = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 0));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}
