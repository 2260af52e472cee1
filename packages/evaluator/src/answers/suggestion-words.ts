// Words in which suggestions name the six degradations of aesthetic suggesting, as regular expressions over one clause in
// lower case: the fault as it is complained of, milder words that may as well be praised, and remedies. Directions count:
// "increase the exposure" is about a dark photograph alone.
import type { DegradationName } from '@calm-orch/datasets';

export interface DegradationWords {
  /** Named unless denied: "not too dark". */
  readonly fault: RegExp;
  /** Named unless denied or praised: "lovely grain". */
  readonly mild: RegExp;
  /** Advice, or what is missing; named always. */
  readonly remedy: RegExp;
}

const any = (...patterns: readonly string[]): RegExp => new RegExp(`\\b(?:${patterns.join('|')})\\b`);
/** Up to `n` words between two. */
const upTo = (n: number): string => `(?:\\s+[\\w'-]+){0,${n}}?\\s+`;
const never = /(?!)/;

const very =
  '(?:too|so|very|quite|rather|overly|extremely|somewhat|slightly|a (?:bit|little)|is|are|looks?|seems?|appears?)';
const picture = '(?:image|photo|photograph|picture|shot|scene)';
const raise = '(?:increas\\w*|rais\\w*|boost\\w*|lift\\w*|bump up|turn up|add\\w*|higher|more|additional|extra)';
const lessen =
  '(?:reduc\\w*|lower\\w*|decreas\\w*|less|fewer|minimi[sz]\\w*|ton(?:e|ing) down|turn\\w* down|dial\\w* (?:down|back)|bring down)';
const lack = '(?:lack|lacks|lacking|lost|loses|no|not|not enough|without|needs?|missing|insufficient|loss of|little)';
const colors = '(?:colou?rs?|saturation|vibran\\w+|vividness)';
const shades = '(?:colou?rs?|tones?|palette|hues?)';

export const degradationWords: Readonly<Record<DegradationName, DegradationWords>> = {
  noise: {
    fault: any(
      'nois(?:y|ier)',
      'grain(?:y|ier|iness)',
      'gritty',
      'speckl\\w+',
      'salt-and-pepper',
      '(?:too|so) much (?:noise|grain)',
      '(?:strong|heavy|severe|excessive) (?:noise|grain)',
      '(?:random|colou?red|bright|white|black|tiny)(?: and (?:white|black))? (?:dots|pixels|spots)',
    ),
    mild: any('noise', 'grain(?! of)'),
    remedy: any(
      'de-?nois\\w*',
      'noise[- ]reduction',
      `(?:${lessen}|remov\\w*|eliminat\\w*|suppress\\w*|get(?:ting)? rid of|clean\\w* up|filter\\w*|smooth\\w*)${upTo(4)}(?:noise|grain)`,
      `(?:lower|reduced?|decreased?)${upTo(2)}iso`,
      'low(?:er|est)? iso',
      `cleaner (?:${picture}|result)`,
    ),
  },
  blur: {
    fault: any(
      'blurr(?:y|ier|iness)',
      'out[- ]of[- ]focus',
      'unfocus\\w*',
      'unsharp',
      'fuzzy',
      'smear\\w*',
      'indistinct',
      'shaky',
      'camera shake',
      'motion blur',
      'softness',
      `${very} soft`,
      'focus (?:is|was|looks|seems) (?:\\w+ )?(?:off|soft|wrong|poor|weak|lost|missed|missing)',
      '(?:missed|poor|bad|wrong|soft) focus',
    ),
    mild: any('blur(?:red|s|ring)?'),
    remedy: any(
      'sharpen\\w*',
      'sharper',
      'de-?blur\\w*',
      're-?focus\\w*',
      'tripod',
      'shutter speed',
      'stabili[sz]\\w*',
      `(?:${lack}|${raise}|improv\\w*|enhanc\\w*|poor)${upTo(3)}(?:sharp|sharpness|crisp|crispness|focus|clarity)`,
      `(?:make|makes|ensure|sure|keep|bring|get|getting|should be|not)${upTo(6)}in(?:to)? (?:sharp(?:er)? )?focus`,
    ),
  },
  darker: {
    fault: any(
      `${very} (?:dark|dim|gloomy|murky)(?! (?:blue|red|green|brown|grey|gray|hair))`,
      `dark(?:er)? (?:${picture}|exposure|lighting)`,
      'darkness',
      'under-?expos\\w*',
      '(?:poorly|badly|under-?|dimly) ?lit',
      '(?:insufficient|poor|inadequate|low|weak) light(?:ing)?',
      'light(?:ing)? (?:is|was|are|seems|looks) (?:too )?(?:low|weak|poor|insufficient|dim|inadequate)',
      'exposure (?:is|seems|looks) (?:too )?low',
      'shadows are (?:too )?(?:deep|heavy|crushed)',
    ),
    mild: never,
    remedy: any(
      'brighten\\w*',
      'brighter',
      'lighten\\w*',
      'illuminat\\w*',
      'fill light',
      'flash',
      `(?:${raise}|lack|lacks|lacking|needs?|not enough|too little)${upTo(3)}(?:brightness|exposure|light|lighting|illumination)`,
      `(?:lift|rais|open|brighten)\\w*${upTo(2)}shadows`,
    ),
  },
  brighter: {
    fault: any(
      'over-?expos\\w*',
      `(?:too|so|very|overly|extremely|excessively|a (?:bit|little)) bright`,
      `bright ${picture}`,
      'blown(?:[- ]out)?',
      'burn(?:t|ed)[- ]out',
      'wash(?:es|ed)[- ]out',
      'clipped',
      'too much (?:light|brightness|exposure)',
      '(?:excessive|intense|harsh) (?:light|brightness|exposure)',
      'bright (?:areas|parts|spots)',
      'overlit',
      'glar(?:e|ing)',
    ),
    mild: never,
    remedy: any(
      'darken\\w*',
      `${lessen}${upTo(3)}(?:brightness|bright|exposure|light|lighting|highlights)`,
      `recover\\w*${upTo(2)}highlights`,
    ),
  },
  dull: {
    fault: any(
      'dull(?:er|ness)?',
      'colou?rless',
      'desaturated',
      'under-?saturated',
      'faded',
      'lifeless',
      'drab',
      '(?:too|so|very|looks?) (?:grey|gray|pale|muted)',
      `saturation (?:is|seems|looks) (?:too )?low`,
      '(?:almost|nearly) (?:monochrome|grey|gray)',
      'faint-colors',
    ),
    mild: any(
      `${shades}${upTo(2)}(?:pale|muted|weak|flat|grey|gray)`,
      `(?:pale|muted|weak|flat|greyish|grayish) ${shades}`,
    ),
    remedy: any(
      `(?:${raise}|enhanc\\w*|intensif\\w*|${lack.replace('|no|not|', '|')})${upTo(2)}${colors}`,
      'more (?:vivid|vibrant|colou?rful|saturated)',
      `(?:richer|stronger|bolder) ${shades}`,
      `${shades} (?:could|should|need\\w*)${upTo(2)}(?:richer|stronger|vivid|vibrant|bolder)`,
      '(?:no|not enough) colou?r',
    ),
  },
  crop: {
    fault: any(
      '(?:cut|chopped|cropped|sliced|clipped)[- ]off',
      '(?:too|so|very) (?:tight|tightly|close|closely)',
      'incomplete',
      'truncated',
      '(?:not|only partly|only partially) (?:fully |completely |entirely )?(?:visible|shown) in the frame',
      '(?:badly|poorly|awkwardly) (?:placed|framed|cropped|composed|positioned)',
      'cuts? (?:through|off|into)',
      'unbalanced',
      `(?:part|parts|half|top|bottom|rest|side) of${upTo(3)}(?:is|are) (?:missing|lost|outside|cut|out)`,
    ),
    mild: any('crop(?:s|ped|ping)?', 'framing', 'composition', 'placement', 'placed'),
    remedy: any(
      `(?:show|include|capture|leave|get|give|fit)${upTo(3)}(?:more|whole|entire|full|space|room)`,
      '(?:step\\w*|mov(?:e|ing)) back',
      'zoom\\w* out',
      'wider',
      'rule of thirds',
      're-?fram\\w*',
      'recompos\\w*',
      '(?:different|new|another|looser) (?:framing|crop|composition)',
      'crop less',
      `(?:improv|chang|rethink|adjust|better|fix)\\w*${upTo(3)}(?:composition|framing|placement|crop)`,
      '(?:would|should|could) (?:move|be moved)',
      '(?:consider|try) (?:placing|moving|positioning)',
      'move the',
    ),
  },
};
