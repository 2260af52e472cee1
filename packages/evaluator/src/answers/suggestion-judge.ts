// Whether a suggestion speaks of what was done to a photograph: by words, the rule the paper judges VILA with. Praise of an
// attribute ("nice sharp focus") is no suggestion, so clauses with words of praise do not count.
import type { DegradationName } from '@calm-orch/datasets';

/** Says whether an answer names the degradation; a language model behind an API can take its place. */
export type SuggestionJudge = (degradation: DegradationName, answer: string) => boolean | Promise<boolean>;

const words: Readonly<Record<DegradationName, RegExp>> = {
  noise: /\b(nois(e|y|ier)|grain(y|ier)?|denois\w*|speckle\w*)\b/,
  blur: /\b(blur\w*|deblur\w*|(out of|un)focus\w*|focus|soft(er)?|sharp(er|en|ness)?|shaky?)\b/,
  darker:
    /\b(dark(er)?|underexposed|dim(mer)?|more light|brighten|brighter|(increase|raise|more) (the )?(brightness|exposure))\b/,
  brighter:
    /\b((too|so|very|a bit) bright|the bright image|overexposed|blown|too much light|washed|darken|(reduce|lower|less) (the )?(brightness|exposure|light))\b/,
  dull: /\b(dull(er)?|pale|muted|faded|colou?rless|more colou?rs?|colou?rs are weak|(de|un)?saturat\w*|more vivid)\b/,
  crop: /\b(crop\w*|cut|fram(e|ing)|incomplete|composition|placed|placement|move)\b/,
};
const praise =
  /\b(nice|good|great|lovely|love|like|beautiful|well|clean|crisp|clear|just right|rich|strong|without noise|is sharp|very sharp)\b/;
const denial = /\bnot\b/;

/** The default judge: some clause names the attribute or its remedy, without praising it. */
export const keywordJudge = (degradation: DegradationName, answer: string): boolean =>
  answer
    .toLowerCase()
    .split(/[.,;!?]|\band\b|\bbut\b/)
    .some((clause) => words[degradation].test(clause) && (!praise.test(clause) || denial.test(clause)));
