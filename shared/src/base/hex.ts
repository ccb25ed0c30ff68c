/** Bytes as lowercase hex digits, two each: the form in which names of bytes are compared and looked up. */

const DIGITS: string = '0123456789abcdef';
const ZERO: number = DIGITS.charCodeAt(0);
const LETTERS_FROM: number = DIGITS.charCodeAt(10);

export function bytesToHex(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(DIGITS.charCodeAt(byte >>> 4), DIGITS.charCodeAt(byte & 15));
  // In one piece: text put together bit by bit is a rope, which every map that it is a key of must flatten first.
  return String.fromCharCode(...codes);
}

/** The bytes that `hex` names, in order. */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  let at = 0;
  eachHexByte(hex, (byte) => {
    bytes[at] = byte;
    at += 1;
  });
  return bytes;
}

/** Calls `write` with each byte that `hex` names, in order. */
export function eachHexByte(hex: string, write: (byte: number) => void): void {
  for (let at = 0; at < hex.length; at += 2) write(digitAt(hex, at) * 16 + digitAt(hex, at + 1));
}

/** The value of a lowercase hex digit. */
function digitAt(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < LETTERS_FROM ? code - ZERO : code - LETTERS_FROM + 10;
}
