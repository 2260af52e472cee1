// A run as a package, which is verified before it takes its place: what cannot be verified is not passed on.
import { rmSync } from 'node:fs';
import { CalmError, makeTemporaryFolder } from '@calm-orch/core';
import { checkFree, writeNewFolder, type Place } from '../new-folder.ts';
import { isZip, writeZip } from './place.ts';
import { verifyPackage, type VerifiedPackage } from './verify.ts';
import { packageFiles, writePackage, type PackageParts } from './write.ts';

export interface PackageOptions extends Place {
  /** Absolute; `.zip` at its end makes it a zip file. */
  readonly path: string;
  readonly meteorDir?: string | undefined;
}

/** @throws CalmError `invalid_argument` where something lies there, `bad_data` where the run does not hold together, `io` */
export async function packageRun(
  parts: PackageParts,
  { path, meteorDir, ...place }: PackageOptions,
): Promise<VerifiedPackage & { readonly bytes: number }> {
  checkFree(path, place);
  const files = packageFiles(parts);
  const { program } = parts.source.run;
  const write = async (dir: string): Promise<VerifiedPackage> => {
    writePackage(dir, files);
    const verified = await verifyPackage(dir, { program, meteorDir });
    const [problem] = verified.problems;
    if (problem === undefined) return verified;
    const { file, where, expected, found } = problem;
    throw new CalmError(
      'bad_data',
      `run ${verified.run}: what it recorded does not follow from its predictions (${file}, ${where}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}); an earlier version may have measured it: \`calm-orch run\` it anew`,
    );
  };
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  if (!isZip(path)) return { ...(await writeNewFolder(path, write)), bytes };
  const dir = makeTemporaryFolder('calm-orch-package-');
  try {
    const verified = await write(dir);
    writeZip(path, files);
    return { ...verified, bytes };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
