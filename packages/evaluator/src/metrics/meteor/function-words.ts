// Words that count less in METEOR: those that make up at least a thousandth of running English, punctuation included.
// METEOR's own list comes with its program and is used where that is present; this one was put together from common
// knowledge of English word frequencies and differs in some words near the threshold.

export const functionWords: ReadonlySet<string> = new Set(
  (
    'the of and to a in that is was he for it with as his on be at by i this had not are but from or have an they ' +
    'which one you were her all she there would their we him been has when who will more no if out so said what up ' +
    'its about into than them can only other new some could time two then do first any now such over also after ' +
    "years . , ; : ? ! ( ) -lrb- -rrb- - -- $ ' 's 't \" \u2019 \u201c \u201d \u2014"
  ).split(' '),
);
