/** Words of a command line. @module */

/** A word of a shell of POSIX; one with characters that cannot be typed is given by their numbers. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  return `$'${
    word.replaceAll(/[\\']/g, "\\$&").replaceAll(
      /\p{Cc}/gu,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
  }'`;
}
