/**
 * Versions of the wire. The version is the first byte of every frame and packet of every version, so that
 * whoever cannot read one can tell why. A reader knows its newest version and the one before.
 *
 * Nothing that is written may depend on luck: two ends tell each other their newest version with the
 * descriptions that their link is made of, so that the first frame already is one that the other reads.
 */
import { WIRE_VERSION } from './limits.ts';

/** What one end reads and may write on a link. */
export interface WireVersions {
  readonly oldest: number;
  readonly newest: number;
}

/** The versions of software whose newest is this one: it, and the one before. */
export function versionsUpTo(newest: number): WireVersions {
  return { oldest: Math.max(1, newest - 1), newest };
}

/** The versions of this software. */
export const WIRE_VERSIONS: WireVersions = versionsUpTo(WIRE_VERSION);

/**
 * What is written on a link to one whose newest version is `theirs`: the room's version, or the nearest to it that
 * the other end reads. Ends that have none in common get what we have; it is refused, and answered with the notice.
 */
export function linkVersion(own: WireVersions, theirs: number, room: number): number {
  const readable = Math.max(versionsUpTo(theirs).oldest, Math.min(room, theirs));
  return Math.max(own.oldest, Math.min(own.newest, readable));
}

/** Stands in place of a version in the one frame whose layout is the same for ever: this byte, and the oldest version read. */
export const TOO_OLD_NOTICE: number = 0;

/** Says that what came is too old to be read here. It is no frame of the link: it has no sequence and names no id. */
export function encodeTooOld({ oldest }: WireVersions): Uint8Array {
  return Uint8Array.of(TOO_OLD_NOTICE, oldest);
}
