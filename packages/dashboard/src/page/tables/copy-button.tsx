// Copies a text, and says that it has.
import { useState } from 'preact/hooks';

export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    const isCopied = await copied(text);
    setSaid(isCopied ? 'Copied' : 'The browser did not allow it');
    setTimeout(() => setSaid(''), 2000);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {said === '' ? label : said}
      <span class="hidden" role="status">
        {said}
      </span>
    </button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Where the address is none that browsers trust (`--host`) there is only the old way.
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
  }
}
