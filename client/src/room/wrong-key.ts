/** Tells an application that its key may be the wrong one, when there is reason to think so, and not too often. */
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import { MeshError } from '../errors.ts';

/** Time between two tellings. The same trouble each second would be noise; a person who looks away should see it again. Guess. */
export const WRONG_KEY_QUIET_MS: number = 60_000;

/**
 * - `not-opened`: a signal came that our key does not open.
 * - `namesakes`: the server says that others are in a room of this name with another key, and nobody in this one.
 * - `link`: a member proved who it is, and not that it holds the key.
 */
export type WrongKeySign = 'not-opened' | 'namesakes' | 'link';

const SENTENCES: Readonly<Record<WrongKeySign, string>> = {
  'not-opened':
    'A signal came that the key of this room does not open: its sender has another key, or the server changed it.',
  link: 'A member of this room proved who it is, and not that it holds the key: one of you has another.',
  namesakes: 'Nobody is here, but others are in a room of this name with another key or password.',
};

export interface WrongKeyDeps {
  readonly now: () => Instant;
  /** Whether no other member is known: who has found others has their key. */
  readonly isAlone: () => boolean;
  readonly tell: (error: MeshError) => void;
}

export function createWrongKey({ now, isAlone, tell }: WrongKeyDeps): (sign: WrongKeySign) => void {
  let toldAt: Instant | undefined;
  return (sign) => {
    if (sign === 'namesakes' && !isAlone()) return;
    const at = now();
    if (toldAt !== undefined && elapsedMs(toldAt, at) < WRONG_KEY_QUIET_MS) return;
    toldAt = at;
    tell(new MeshError('WRONG_KEY', SENTENCES[sign]));
  };
}
