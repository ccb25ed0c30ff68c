/**
 * What is reconciled is a key with a totally ordered version. One shape serves every table:
 *
 * | table    | `major`          | `minor`                        | `by`              |
 * |----------|------------------|--------------------------------|-------------------|
 * | roster   | epoch            | incarnation, left; or sequence | null              |
 * | presence | epoch            | sequence                       | null              |
 * | state    | hybrid wall time | counter                        | the member's id   |
 */
import { compareIds, type PeerId } from './ids.ts';

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly by: PeerId | null;
}

/** Negative when `a` is older, zero when they are one version, positive when `a` is newer. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || compareIds(a.by ?? '', b.by ?? '');
}

export function versionToText(version: Version): string {
  return `${version.major}.${version.minor}.${version.by ?? ''}`;
}
