// What the measuring commands share: options with few values, and what machine a number is from.
import { cpus } from 'node:os';

/** The value of an option that must be one of `words`. */
export function oneOf(option, value, words) {
  if (!words.includes(value)) throw new Error(`${option}: expected ${words.join(' or ')}, got '${value}'`);
  return value;
}

/** The value of an option that must be a whole number. */
export function wholeNumber(text, option, least = 1) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${option}: expected a whole number from ${least}, got '${text}'`);
  return value;
}

export function machineFacts() {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
}
