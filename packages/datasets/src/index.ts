export { levelWordOf, levelWords, type LevelWord } from './level-words.ts';
export { attributeNames, attributesOf, wordsOf, type AttributeName } from './labels/attributes.ts';
export type { AugmentedPair } from './labels/augmented-pair.ts';
export { augmentedId, numPairs, originalId, readPairs } from './labels/augmented-pairs.ts';
export { photographReader, type DecodedPhotographs, type Photograph } from './catalog/photographs.ts';
export { createDecodePool, type DecodePool } from './images/decode-pool.ts';
export { labelsOf, pairLabel, singleLabel, type AugmentedPlace, type Labels } from './labels/grammar.ts';
export { answerStartOf, instructionOf, instructions, type InstructionKind } from './instructions.ts';
export { appearanceClause, contentCaption } from './studio/captions.ts';
export { commentsOn } from './studio/comments.ts';
export * from './studio/degrade.ts';
export {
  photoView,
  studioImage,
  studioPhoto,
  studioRecord,
  studioScene,
  type PhotoView,
  type Pool,
  type StudioImage,
  type StudioPhoto,
  type StudioRecord,
} from './studio/photo.ts';
export { foundPools, type FoundPool } from './catalog/found.ts';
export { studioPaths, testIdsOf, type UnlabeledEntry } from './catalog/layout.ts';
export { encodeJpeg, writeStudioImages } from './studio/write-images.ts';
export { writeStudioList } from './studio/write-lists.ts';
export { ratingOf, studioAnnotator, type StudioAnnotator } from './studio/annotators.ts';
export { personalRatings, writeStudioPersonal } from './studio/write-personal.ts';
export { heldOutPhotos, trainingPhotos, type CarriedPhoto } from './photos/photo-list.ts';
export { carriedPhotosDir, loadCarriedPhoto } from './photos/carried.ts';
export {
  cropsPerPhoto,
  degradationNames,
  degradedFile,
  degradedPhotoOf,
  type DegradationName,
  type DegradedPhoto,
} from './photos/degraded.ts';
export { heldOutCheck, type HeldOutCheck } from './photos/held-out.ts';
export { type SkippedPhoto } from './photos/sources.ts';
export { boxOf, render, toBytes, type Box, type Rendered, type Subject } from './studio/render.ts';
export { describeScene, objectKinds, places, type Color, type Scene, type SceneObject } from './studio/scene.ts';
export {
  drawDegradation,
  drawVotes,
  tasteScore,
  tasteWeights,
  traitNames,
  traitsOf,
  traitVectorOf,
  type TraitName,
  type Traits,
} from './studio/taste.ts';
export { vocabularyTexts, vocabularyWords } from './vocabulary.ts';
export { readAva, type Ava, type AvaCounts, type AvaItem } from './ava/read.ts';
export { formatAvaRow, meanOfVotes, readAvaRows, readIdList, type AvaRow } from './ava/rows.ts';
export { writeAvaTexts, type AvaTexts } from './ava/write.ts';
export {
  avaCaptionsFile,
  readAvaCaptions,
  writeAvaCaptions,
  type AvaCaptions,
  type CaptionedImage,
  type CommentedPhoto,
} from './ava-captions/captions-file.ts';
export {
  listFlickrAes,
  personalPhotos,
  readAnnotators,
  type Annotators,
  type PersonalPhoto,
} from './flickr-aes/annotators.ts';
export { joiningRatings, testEpisodes, trainingEpisode, type TestEpisodes } from './flickr-aes/episodes.ts';
export { readFlickrAes, type Annotator, type FlickrAes, type FlickrAesSplitOptions } from './flickr-aes/read.ts';
export {
  flickrAesFiles,
  readFlickrAesRatings,
  readFlickrAesScores,
  writeFlickrAes,
  type FlickrAesRating,
} from './flickr-aes/rows.ts';
export * from './aadb/read.ts';
export * from './aadb/write.ts';
export { comparisons, wordQuestions, type QuestionAnswer } from './aesthetic-qa/questions.ts';
export { absentTestIds } from './ava/absent-test-ids.ts';
export { readAvaLabelFile, type AvaLabel } from './ava/derived.ts';
export * from './ava/lists.ts';
export * from './ava-captions/raw-comments.ts';
export * from './eva/read.ts';
export * from './eva/write.ts';
export * from './icaa17k/read.ts';
export * from './llava/conversation-set.ts';
export * from './llava/image-token.ts';
export { bestPccd, rankedPccdPhotos, type BestPhoto } from './pccd/best.ts';
export * from './pccd/read.ts';
export * from './pccd/write.ts';
export * from './pexels/read.ts';
export { mean, type PhotoSet, type RatedPhoto, type Split } from './rated-photos.ts';
export * from './spaq/read.ts';
export * from './tad66k/read.ts';
export * from './tad66k/write.ts';
export * from './catalog/read.ts';
export { bestOfValidation } from './catalog/best-validation.ts';
export { wantedRoot } from './catalog/candidates.ts';
export type { Questions } from './catalog/question-candidates.ts';
export { writeCatalog, writeCatalogComments, type CatalogResult } from './catalog/write.ts';
export { checkImage } from './images/check-image.ts';
export { decodeUpload, maxUploadPixels, onlyPhotographs } from './photos/upload.ts';
export { browserPicture, smallPicture, type BrowserPicture } from './images/browser-picture.ts';
export { makeDatasets, madeDataFile, type MakeOptions } from './make/make.ts';
export { surveyors, publishedCounts } from './verify/survey.ts';
export { verifyDatasets, type DatasetReport, type VerifyOptions } from './verify/verify.ts';
export { missingOf } from './verify/presence.ts';
export { datasetIdentity, photosIdentity, type DatasetIdentity, type FolderIdentity } from './verify/identity.ts';
export { readConversations, writeConversations, type Conversation, type Turn } from './llava/conversations.ts';
export { jsonElements, type JsonElement } from './text/json-elements.ts';
export { resize } from './images/bicubic.ts';
export { addNormalNoise } from './images/normal-noise.ts';
export { pipelineOf } from './pipeline.ts';
export { isMaskName, loadMask, maskFileOf } from './images/masks.ts';
export { imageFileState, imageNamesIn } from './images/image-files.ts';
export { clipSquare, seenSquare, type Fit, type SeenSquare } from './images/clip-square.ts';
export { squareViews, turnSquare } from './images/turn-square.ts';
export {
  clipMean,
  clipStd,
  fitSquare,
  loadImage,
  toPixels,
  type PixelOptions,
  type RgbImage,
} from './images/images.ts';
export { sharp } from './images/sharp.ts';
export { numberCell, readCsvRows, type CsvRow } from './text/csv-rows.ts';
export { recordsOf, type Slice } from './text/line-lists.ts';
export { badLine } from './text/lines.ts';
