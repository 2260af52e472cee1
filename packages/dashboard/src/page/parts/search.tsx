// A field that a list is searched with; `/` leads to it.
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly text: string;
  readonly hint: string;
  readonly onText: (text: string) => void;
}

export function Search({ text, hint, onText }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  return (
    <label>
      <span>Search</span>
      <input
        ref={field}
        type="search"
        placeholder={`${hint} ( / )`}
        value={text}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
    </label>
  );
}
