// Whether a suggestion speaks of what was done to a photograph: by words, the rule the paper judges VILA with. A clause
// names a degradation by its fault or its remedy (suggestion-words.ts); faults that are denied ("not noisy") and
// attributes that are praised ("lovely grain") do not count.
import type { DegradationName } from '@calm-orch/datasets';
import { degradationWords } from './suggestion-words.ts';

const praise =
  /\b(nice(ly)?|good|great|lovely|love|beautiful(ly)?|i (really )?like|well|clean|crisp|perfect(ly)?|just right|fine|rich|strong|impressive|elegant|works|pleasing|wonderful|excellent|balanced)\b/;
const deniedPraise = new RegExp(`\\b(not|never|hardly)(\\s+\\w+){0,2}\\s+${praise.source}`);
/** Up to three words before what is denied. */
const denialBefore =
  /\b(no|not|never|nothing|none|without|neither|nor|hardly|rarely|free (of|from)|devoid of|low|little)(\W+\w+){0,3}\W*$/;
const denialAfter = /^\W*(\w+\W+){0,2}(is|are|was|were) (not|no|never|hardly|minimal|absent|well controlled)\b/;
/** "It would be great without the noise": denies that it is. */
const conditional = /\b(would be|could be|if (it|they|this|that) (were|was)|if only|wish)\b/;
const verbs = 'increase|raise|boost|reduce|lower|decrease|enhance|improve|fix|remove|adjust|add';

/** The default judge. */
export function keywordJudge(degradation: DegradationName, answer: string): boolean {
  const { fault, mild, remedy } = degradationWords[degradation];
  return clausesOf(answer).some((clause) => {
    const isWished = conditional.test(clause);
    const isDenied = ({ index, 0: match }: RegExpExecArray): boolean =>
      !isWished && (denialBefore.test(clause.slice(0, index)) || denialAfter.test(clause.slice(index + match.length)));
    const [found, foundMild] = [fault.exec(clause), mild.exec(clause)];
    if (remedy.test(clause) || (found !== null && !isDenied(found))) return true;
    if (foundMild === null) return false;
    return deniedPraise.test(clause) || isWished || (!praise.test(clause) && !isDenied(foundMild));
  });
}

/** What hides a fault's words where they mean something else, and what takes its place. */
const otherMeanings: readonly (readonly [RegExp, string])[] = [
  [/[’]/g, "'"],
  [/n't\b/g, ' not'],
  [/\bsalt (and|&) pepper\b/g, 'salt-and-pepper'],
  [/\b(almost|nearly) black and white\b/g, '$1 monochrome'],
  [/\bno lack of\b/g, 'plenty of'],
  // Advice, no denial.
  [/^(please )?(do not|try not to)\b/g, 'avoid to'],
  // A background may be blurred.
  [/\b(blur\w*|out[- ]of[- ]focus|soft\w*) (the |out the )?(back|fore)ground\b/g, 'background'],
  [/\b(back|fore)ground (is |are )?(\w+ )?(blur\w*|out of focus|soft)\b/g, 'background'],
  // Light and colours may be soft.
  [/\bsoft(er|ness)?( of the)? (light\w*|colou?rs?|tones?|shadows?)\b/g, '$3'],
  [/\b(light\w*|tones?|colou?rs?) (is|are|looks?) (\w+ )?soft\b/g, '$1'],
  // Cropping more closely is the opposite of what a crop asks for.
  [/\bcrop(ping)?(?! less)( \w+){0,3} (tighter|tightly|closer|closely|in|to (remove|focus|eliminate|exclude))\b/g, ''],
  [/\bcrop(ping)? out\b/g, ''],
  // Washed-out colours are pale, not bright.
  [/\bwashed[- ]out,? (colou?rs?|tones?)\b/g, 'faint-colors'],
  [/\b(colou?rs?|tones?) (are|look|seem|appear)( \w+)? washed[- ]out\b/g, 'faint-colors'],
];

function clausesOf(answer: string): string[] {
  const sentences = answer.toLowerCase().split(/[.;!?\n]+/);
  return sentences.flatMap((sentence) => {
    let verb = '';
    const plain = otherMeanings.reduce((text, [words, instead]) => text.replace(words, instead), sentence.trim());
    return plain.split(/,|\b(?:and|but|however|although|though|yet|while)\b/).map((part) => {
      const clause = part.trim();
      // "Increase the brightness and the saturation": the verb holds for both.
      const [own] = new RegExp(`\\b(${verbs})\\b`).exec(clause) ?? [];
      if (own !== undefined) verb = own;
      return own === undefined && verb !== '' && clause.split(/\s+/).length <= 3 ? `${verb} ${clause}` : clause;
    });
  });
}
