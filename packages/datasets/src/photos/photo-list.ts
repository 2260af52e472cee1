// The photographs carried in assets/photos: credits, and which of them are for testing only. Their hashes stand here, in
// code, so that a changed photograph changes the code version of the stages that read it.

export interface CarriedPhoto {
  readonly name: string;
  /** Relative to assets/photos. */
  readonly file: string;
  readonly author: string;
  readonly source: string;
  readonly licence: string;
  /** sha256 of the file. */
  readonly sha256: string;
}

const scikitImage = {
  author: 'scikit-image contributors',
  source: "scikit-image's data folder",
  licence: 'CC0 / public domain',
} as const;
const berasategi = {
  author: 'Aitzol Berasategi',
  source: 'Debian package lomiri-wallpapers-16.04',
  licence: 'CC BY 4.0',
} as const;

/** Photographs whose crops join the unlabelled pool. */
export const trainingPhotos: readonly CarriedPhoto[] = [
  {
    name: 'aitzgorri',
    file: 'aitzgorri.jpg',
    ...berasategi,
    sha256: 'cacf3a0df9e7869309ce87fc17f85b94e933dcfa861bb4b23f5345413a24ce13',
  },
  {
    name: 'brushes',
    file: 'brushes.jpg',
    author: "Trevor 'Freespace'",
    source: 'Debian package lomiri-wallpapers-16.04',
    licence: 'CC BY 4.0',
    sha256: 'f4440013b304d98da9d8966c4bd52c97472c911585083d916f33565494ad9b80',
  },
  {
    name: 'camera',
    file: 'camera.jpg',
    ...scikitImage,
    sha256: '851daaafeacc8e7d9838facd4ae64988a9a054baba47fae9367b8721bb75f604',
  },
  {
    name: 'china',
    file: 'china.jpg',
    author: 'danielbuechele',
    source: 'flickr.com/photos/danielbuechele/6061409035, in scikit-learn',
    licence: 'CC BY 2.0',
    sha256: '0ce602a87cb3af5577055b7e4b37a10098bddaee47b5a6c042eedc33256fe898',
  },
  {
    name: 'fig',
    file: 'fig.jpg',
    author: "Trevor 'Freespace'",
    source: 'Debian package lomiri-wallpapers-16.04',
    licence: 'CC BY 4.0',
    sha256: 'df923b6218666216a69a549951dadedb24f7189c6f8a47ad7d908058b3e9392e',
  },
  {
    name: 'friends',
    file: 'friends.jpg',
    ...berasategi,
    sha256: '723ea9bc4bfe7420d421deea80c18ebc842c594d511fab955d62d3c7b98fae46',
  },
  {
    name: 'hopper',
    file: 'hopper.jpg',
    author: 'James S. Davis, United States Navy',
    source: "matplotlib's sample data",
    licence: 'public domain',
    sha256: '9aaa25c1001de86dcecd264c6d0168421f1f768116a1b76909b5d8ab280bcaf8',
  },
  {
    name: 'picosdeeuropa',
    file: 'picosdeeuropa.jpg',
    ...berasategi,
    sha256: '60c93be2ca74398c8a00b3f3f5e24ca5f5f10784dee4016b107d8fa00d4cd35e',
  },
  {
    name: 'raccoon',
    file: 'raccoon.jpg',
    author: 'Judy Weggelaar',
    source: 'public-domain-image.com, in SciPy',
    licence: 'public domain',
    sha256: '81493876b73e4648bce2546e8178bdb71ca7cffbd63516cce6de210672e6650d',
  },
  {
    name: 'retina',
    file: 'retina.jpg',
    ...scikitImage,
    sha256: '4220ba7a182c475259561b27748a980868e04c3a7bd34162790d7885a117c8d7',
  },
  {
    name: 'seeding',
    file: 'seeding.jpg',
    author: 'Clements Engelhardt',
    source: 'Debian package lomiri-wallpapers-16.04',
    licence: 'CC0',
    sha256: '7c39d87e92ba3b317e4ff38ac933e95a05e1cdf5d611a2477bebd3d7ffdde237',
  },
  {
    name: 'sunset',
    file: 'sunset.jpg',
    ...berasategi,
    sha256: '1ab880423b04dfcb3b41d4b4b51e3469a1a64432d5541be3f839c6aefd748a66',
  },
  {
    name: 'wine',
    file: 'wine.jpg',
    author: 'Jakub Mede',
    source: 'Debian package lomiri-wallpapers-16.04',
    licence: 'CC BY 4.0',
    sha256: '4129063e6a58670bdd3b9b0341263912221c4b34a37acf1d703e8ac5a9265c85',
  },
];

/** For testing only: nothing of them may enter any training pool, from the first checkpoint on. */
export const heldOutPhotos: readonly CarriedPhoto[] = [
  {
    name: 'astronaut',
    file: 'test-only/astronaut.jpg',
    ...scikitImage,
    sha256: 'e15e3c1139e83308801909088315552c5022b89b5573c01d042b0992f1db4963',
  },
  {
    name: 'chelsea',
    file: 'test-only/chelsea.jpg',
    ...scikitImage,
    sha256: '678cebc80f266af83b0f0c97dd70f944bfb5df00a5dad9fbe70a51d0e6c91e58',
  },
  {
    name: 'coffee',
    file: 'test-only/coffee.jpg',
    ...scikitImage,
    sha256: '54778380aea1a1772ce82ffe9074ac352d0e3f5e3db2a9fde37ad1ce0003fbeb',
  },
  {
    name: 'flower',
    file: 'test-only/flower.jpg',
    author: 'vultilion',
    source: 'flickr.com/photos/vultilion/6056698931, in scikit-learn',
    licence: 'CC BY 2.0',
    sha256: 'ffd230642081cccb8e096fab02a4d3861de868e437948e59da95cf739c3e9240',
  },
  {
    name: 'life',
    file: 'test-only/life.jpg',
    ...berasategi,
    sha256: '7e8152c4b22f914c4c5770c48570137b656bf5cfa66ef41d53b44ac1acd60fcc',
  },
  {
    name: 'rocket',
    file: 'test-only/rocket.jpg',
    ...scikitImage,
    sha256: 'd6fdc8b507009f73a1253df1ad9a32751e9d969bddaf9ea3ed71b1eed26b30ed',
  },
];
