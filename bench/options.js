/** The value of an option that must be one of `words`. */
export function oneOf(option, value, words) {
  if (!words.includes(value)) throw new Error(`${option}: expected ${words.join(' or ')}, got '${value}'`);
  return value;
}
