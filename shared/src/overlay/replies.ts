/**
 * What one who asks for a link makes us say before it has proven itself, which is when its channel opens: until then
 * anyone may have asked in its name, and it is the one who gets our answers. For each of its signals at most three go
 * back; descriptions beyond wait for its next one. A connection needs no more: its answer comes upon our offer alone.
 */
/** Signals that may go back for each that came. */
const REPLIES_PER_SIGNAL = 3;
/** Descriptions that wait for the other end's next signal; later ones are candidates that can be spared. */
const HELD_MAX = 16;

/** What our transport made for the other end. */
export interface Made {
  readonly wireVersion: number;
  readonly data: string;
}

export interface Replies {
  /** Signals that may go out now. Whom we asked ourselves gets as many as there are. */
  readonly left: number;
  /** Descriptions that wait, oldest first. */
  readonly held: readonly Made[];
}

/** To one who asked: the acceptance was the first. */
export const RATIONED: Replies = { left: REPLIES_PER_SIGNAL - 1, held: [] };
/** To one whom we asked. */
export const UNBOUNDED: Replies = { left: Infinity, held: [] };

/** What goes out when so many signals came, and these descriptions are to be sent; and what stays. */
export function reply(
  { left, held }: Replies,
  heard: number,
  descriptions: readonly Made[],
): { readonly said: readonly Made[]; readonly replies: Replies } {
  const allowed = left + heard * REPLIES_PER_SIGNAL;
  const waiting = [...held, ...descriptions];
  const said = waiting.slice(0, allowed);
  const kept = waiting.slice(said.length, said.length + HELD_MAX);
  return { said, replies: { left: allowed - said.length, held: kept } };
}
