// A picture of the run's, or a word that it is not there any more.
import { useState } from 'preact/hooks';
import type { Picture } from '../../api/photographs.ts';

interface Props {
  readonly run: string;
  readonly picture: Picture | null;
  readonly alt: string;
  readonly isLarge?: boolean;
}

export function PictureView({ run, picture, alt, isLarge = false }: Props) {
  const path =
    picture && `/api/runs/${encodeURIComponent(run)}/pictures/${encodeURIComponent(picture.stage)}/${picture.index}`;
  const [failed, setFailed] = useState<string | null>(null);
  const look = isLarge ? 'picture large' : 'picture';
  if (path === null || failed === path)
    return (
      <span class={`${look} gone`} role="img" aria-label={`${alt}: not there any more`}>
        gone
      </span>
    );
  return <img class={look} src={path} alt={alt} loading="lazy" decoding="async" onError={() => setFailed(path)} />;
}
