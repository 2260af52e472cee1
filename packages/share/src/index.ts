// Runs for others: in the formats of other tools, and as a package that can be verified without the run folder.
export { exportFormats, exportRun, type Exported, type ExportFormat } from './export/export-run.ts';
export { checkFree, writeNewFolder } from './new-folder.ts';
export { gatherRun } from './crate/gather.ts';
export { modelCard, type CardTrial } from './crate/model-card.ts';
export { packageRun } from './crate/package-run.ts';
export { isZip, withPackage } from './crate/place.ts';
export { billOfMaterials } from './crate/sbom.ts';
export { experimentFolder, metadataFile } from './crate/source.ts';
export { verifyPackage, type VerifiedPackage } from './crate/verify.ts';
