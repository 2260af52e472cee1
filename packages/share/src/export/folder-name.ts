// Names of trials as paths: a row `table/row` is a folder in a folder. No two names have one path.

/** `all seed 0` stays, `.x:y` -> `%2Ex%3Ay`. */
export function folderName(name: string): string {
  const coded = (character: string): string => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`;
  return name.replaceAll(/[^\w.+\- /]|(?<=^|\/)[./]/gu, coded);
}
