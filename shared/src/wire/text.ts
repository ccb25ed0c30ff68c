/** What strings may travel, and how long they are. */

const LONE_SURROGATE: RegExp = /[\uD800-\uDFFF]/u;

/** True of text that UTF-8 can carry: no half of a surrogate pair stands alone. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** The length of well-formed `text` in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) bytes += 1;
    // Each half of a pair counts 2: the pair is 4 bytes.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes += 1;
  }
  return bytes;
}

/** True of a name that may travel: well-formed and not over `bytesMax`. The door checks names with it. */
export function isWireText(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && isWellFormed(text) && utf8Length(text) <= bytesMax;
}
