/**
 * What is reconciled is a key with a totally ordered version. One shape serves every table:
 *
 * | table    | `major`          | `minor`                        | `by`              |
 * |----------|------------------|--------------------------------|-------------------|
 * | roster   | epoch            | incarnation, left; or sequence | null              |
 * | presence | epoch            | sequence                       | null              |
 * | state    | hybrid wall time | counter                        | the member's id   |
 *
 * Whoever makes a version says one thing under it. That others were told another is seen by the hash of what is said.
 */
import { compareIds, type PeerId } from './ids.ts';

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly by: PeerId | null;
  /** `hashContent` of what the record says: last in the order, the same in all records of a version but a liar's. */
  readonly content?: number | undefined;
}

/** Negative when `a` is older, zero when they are one version, positive when `a` is newer. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    compareIds(a.by ?? '', b.by ?? '') ||
    (a.content ?? 0) - (b.content ?? 0)
  );
}

export function versionToText({ major, minor, by, content }: Version): string {
  return `${major}.${minor}.${by ?? ''}${content === undefined ? '' : `.${content}`}`;
}
