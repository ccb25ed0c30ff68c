/** Keeps the caret where the writer left it when the text around it changes. Pure. */

/** Where a caret belongs after `before` has become `after`: what stands before it, or else behind it, stays. */
export function moveCaret(before: string, after: string, caret: number): number {
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) head += 1;
  if (caret <= head) return caret;
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const behind = before.length - caret;
  return behind <= tail ? after.length - behind : after.length - tail;
}
