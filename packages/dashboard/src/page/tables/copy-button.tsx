// Copies a text, and says that it has.
import { useState } from 'preact/hooks';

export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, setSaid] = useState('');
  const say = (words: string): void => {
    setSaid(words);
    setTimeout(() => setSaid(''), 2000);
  };
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => say('Copied'),
      () => say(copiedFrom(text) ? 'Copied' : 'The browser did not allow it'),
    );
  };
  return (
    <button type="button" onClick={copy}>
      {said === '' ? label : said}
      <span class="hidden" role="status">
        {said}
      </span>
    </button>
  );
}

/** The old way, for addresses that browsers do not trust (`--host`). */
function copiedFrom(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  return isCopied;
}
