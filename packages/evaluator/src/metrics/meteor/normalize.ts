// METEOR's own tokens (`-norm`) of a caption that already went through the Penn Treebank tokenizer, as pycocoevalcap
// feeds it. Written from the program's observed output. Rules are those of the usual machine translation tokenizer,
// and two of METEOR's own: hyphens between letters or digits fall apart, and dotted abbreviations lose their dots.

/** Keep their full stop whatever follows; before a lower-case word every word keeps it. */
const abbreviations = new Set(['pp', 'vs']);

/** Lower-case tokens; never an empty one. */
export function meteorTokens(caption: string): string[] {
  const cut = ` ${caption.toLowerCase().replaceAll(/\s+/g, ' ').trim()} `
    .replaceAll(/[^\p{L}\p{N}\s.'`,\-\u2019]/gu, ' $& ')
    .replaceAll(/\.{2,}/g, ' $& ')
    .replaceAll(/([^\p{N}]),/gu, '$1 , ')
    .replaceAll(/,([^\p{N}])/gu, ' , $1')
    .replaceAll(/[`\u2019]/g, "'")
    .replaceAll("''", ' " ')
    .replaceAll(/([^\p{L}\p{N}])'/gu, "$1 ' ")
    .replaceAll(/'([^\p{L}\p{N}])/gu, " ' $1")
    .replaceAll(/(\p{L})'(\p{L})/gu, "$1 '$2")
    .replaceAll(/(\p{N})'(s)/gu, "$1 '$2")
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/([\p{L}\p{N}])-([\p{L}\p{N}])/gu, '$1 $2')
    .replaceAll(/(?<= )(?:\p{L}{1,2}\.){2,}(?= )/gu, (dotted) => dotted.replaceAll('.', ''));
  const words = cut.split(' ').filter((word) => word !== '');
  return words.flatMap((word, i) => (endsSentence(word, words[i + 1]) ? [word.slice(0, -1), '.'] : [word]));
}

function endsSentence(word: string, next: string | undefined): boolean {
  if (word.length < 2 || !word.endsWith('.') || word.endsWith('..')) return false;
  if (abbreviations.has(word.slice(0, -1))) return false;
  return next === undefined || !/^\p{Ll}/u.test(next);
}
