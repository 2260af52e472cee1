// Where a photograph is dropped; with the keyboard its field of files is reached, which is what a screen reader hears of.
import { useRef, useState } from 'preact/hooks';
import { bytes } from '../parts/format.ts';

interface Props {
  readonly onFile: (file: File) => void;
  readonly maxBytes: number | null;
}

export function DropZone({ onFile, maxBytes }: Props) {
  const [isOver, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined): void => {
    const [file] = files ?? [];
    if (file) onFile(file);
  };
  return (
    <div
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const files = event.dataTransfer?.files;
        // The field names what was dropped, too.
        if (files?.length) field.current!.files = files;
        take(files);
      }}
    >
      <label>
        <span>Drop a photograph here, or choose one</span>
        <input
          type="file"
          accept="image/*"
          ref={field}
          onChange={({ currentTarget }) => take(currentTarget.files)}
          // The same one may be chosen again.
          onClick={({ currentTarget }) => (currentTarget.value = '')}
        />
      </label>
      <p class="quiet">
        JPEG, PNG, WebP, GIF, TIFF or AVIF; fewer than 100 megapixels
        {maxBytes !== null && `, up to ${bytes(maxBytes)}`}.
      </p>
    </div>
  );
}
