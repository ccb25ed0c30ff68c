/**
 * Which frames of a link have been seen. Sequences count from 1; a higher one than expected is good (the
 * frames between were dropped), and what it passed over is remembered, so that a late frame can be told
 * from a repeated one. Of the passed-over ranges only the newest are kept; what is forgotten counts as seen.
 */
import { SEQUENCE_GAPS_MAX } from './limits.ts';

export interface SequenceWindow {
  readonly judge: (sequence: number) => 'next' | 'replayed' | 'misordered';
  /** The frame was good; `sequence` was judged `next`. */
  readonly accept: (sequence: number) => void;
}

export function createSequenceWindow(): SequenceWindow {
  let highest = 0;
  const gaps: { readonly first: number; readonly last: number }[] = [];
  return {
    judge: (sequence) => {
      if (sequence > highest) return 'next';
      const passed = gaps.some((gap) => gap.first <= sequence && sequence <= gap.last);
      return passed ? 'misordered' : 'replayed';
    },
    accept: (sequence) => {
      if (sequence > highest + 1) {
        if (gaps.length === SEQUENCE_GAPS_MAX) gaps.shift();
        gaps.push({ first: highest + 1, last: sequence - 1 });
      }
      highest = sequence;
    },
  };
}
