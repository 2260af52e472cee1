// Which number of a text is a score: the first that stands by itself. Numbers that are part of something else (f/2.8, 1/250,
// 2024-05-06, 50mm, 3 people, ISO 400, 7-8, -3, 1e1) are passed over. "6.5/10" and "6.5 out of 10" say 6.5; "4 out of 5"
// is of another scale, and no score where the scale ends at 10.

export interface ScoreInText {
  readonly score: number;
  /** Where its digits stand in the text. */
  readonly start: number;
  readonly end: number;
}

/** Signs, letters and digits that make a number part of something else when they touch it. */
const touchesBefore = /[\p{L}\p{N}_#$€£¥<>≤≥±+\-−–/:^@\\]\s*$/u;
/** Letters, or a sign that does not begin another clause. */
const touchesAfter = /^(?:[\p{L}\p{N}_%‰°+^€$£¥²³×]|['’′″]\w?|[.,:/\-−–]\p{N})/u;
/** A second number that this one is joined to: a ratio, a range, a sum, thousands, a decimal comma. */
const joinedBefore =
  /\d\s*(?:[-−–—/x×*+^]|\bto\b|\bor\b|\bthrough\b)\s*$|\d(?:[.,:]|\s+:\s+)$|\bbetween\s+(?:[\d.]+\s+and\s+)?$/iu;
const joinedAfter = /^\s*(?:(?:[-−–—/x×*+^]|\bto\b|\bor\b|\bthrough\b)\s*[-−]?|\s:\s+)\d/iu;
/** Words a number belongs to when they stand before it. */
const named =
  /(?:\b(?:minus|negative|iso|f|v|ver|version|no|nr|number|figure|fig|page|step|aperture|level|grade\s+level|chapter|section|top|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\s*[.:#/=]?|\bf\s*\/)\s*$/iu;
const ofBefore = /\bof\s+$/iu;
const scoreOfBefore = /\b(?:score|rating|mark|grade|value|total|vote|average|mean)\s+of\s+$/iu;
const unit =
  /^\s*(?:%|percent|°|degrees?|mm|cm|m|km|px|pixels?|mp|megapixels?|kb|mb|gb|bits?|ev|stops?|s|ms|sec|secs|seconds?|minutes?|hours?|days?|k|kelvin|db|hz|fps|am|pm|th|st|nd|rd|times|x|inch(?:es)?|feet|ft|usd|dollars?|euros?)(?![\p{L}\p{N}])/iu;
/** A whole number before any other word counts things. */
const countable = /^\s+\p{L}+/u;
const notCounted =
  /^\s+(?:out|of|points?|on|for|because|as|since|and|but|with|due|in|overall|is|are|was|i|it|its|this|that|the|a|an|given|at|by|so|while|though|although|which|maybe|perhaps|probably|at|if|from|thanks|good|photo|image|rating|score)(?![\p{L}\p{N}])/iu;
const scaleAfter =
  /^\s*(?:\/|out\s+of|of)\s*(?:a\s+(?:possible\s+)?)?(\d+(?:\.\d+)?|ten|five|hundred)(?![\p{L}\p{N}%]|[.,:/-]\d)/iu;
const scaleWords: Readonly<Record<string, number>> = { five: 5, ten: 10, hundred: 100 };

/** Null where no number stands by itself, or the first that does is not in 1..`most`: nobody could have given it. */
export function findScore(text: string, most = 10): ScoreInText | null {
  for (const { 0: digits, index: start } of text.matchAll(/\d*\.?\d+/g)) {
    const end = start + digits.length;
    const [before, after] = [text.slice(0, start), text.slice(end)];
    if (!standsAlone(digits, before, after, most)) continue;
    const score = Number(digits);
    return score >= 1 && score <= most ? { score, start, end } : null;
  }
  return null;
}

function standsAlone(digits: string, before: string, after: string, most: number): boolean {
  if (isAttached(before) || joinedBefore.test(before) || named.test(before)) return false;
  if (ofBefore.test(before) && !scoreOfBefore.test(before)) return false;
  const scale = scaleAfter.exec(after);
  if (scale !== null) {
    const given = scaleWords[scale[1]!.toLowerCase()] ?? Number(scale[1]);
    return given === most && !unit.test(after.slice(scale[0].length));
  }
  if (touchesAfter.test(after) || joinedAfter.test(after) || unit.test(after)) return false;
  return digits.includes('.') || !countable.test(after) || notCounted.test(after);
}

/** A dash or colon apart from the number, after a word, only leads to it ("score - 7"); a sign touches it or begins the text. */
function isAttached(before: string): boolean {
  if (!touchesBefore.test(before)) return false;
  if (/[\p{L}\p{N}]\s+$/u.test(before)) return false;
  return !/[\p{L}"')\]]\s*:\s*$|[\p{N}]:\s+$|[\p{L}"')\]]\s+[-−–]\s+$/u.test(before);
}
