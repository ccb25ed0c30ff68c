/** What two neighbors compare under the leaves that differ: cut into frames by one, answered by the other. */
import { compareHashes, type Hash64 } from '../base/hash.ts';
import { compareVersions, type Version } from '../base/version.ts';
import { HASH_GROUP_MAX, seek, shorten, type HashTree, type TreeEntry } from './hash-tree.ts';
import type { LeafPart, Summary } from './messages.ts';

/** Cuts what lies under these leaves into frames of at most `summariesMax` summaries; at least one frame. */
export function cutLeaves(
  tree: HashTree,
  leaves: readonly number[],
  { exact, summariesMax }: { readonly exact: boolean; readonly summariesMax: number },
): readonly (readonly LeafPart[])[] {
  const frames: LeafPart[][] = [[]];
  let room = summariesMax;
  for (const index of leaves) {
    const entries = withoutCrowds(entriesUnder(tree, index, exact));
    let after: Hash64 | null = null;
    let at = 0;
    for (;;) {
      const end = cutAt(entries, at, room);
      const upTo: Hash64 | null = end < entries.length ? (entries[end - 1]?.keyHash ?? null) : null;
      if (end > at || entries.length === 0) {
        frames.at(-1)!.push({ index, after, upTo, entries: entries.slice(at, end).map(toSummary) });
        after = upTo;
        room -= end - at;
        at = end;
      }
      if (at >= entries.length) break;
      frames.push([]);
      room = summariesMax;
    }
  }
  return frames;
}

/** What to do about one part: keys to give, key hashes to ask for. */
export interface LeafDifference {
  readonly give: readonly string[];
  readonly want: readonly Hash64[];
}

/** The own entries that a part speaks about, shortened as it is. */
export function coveredBy(tree: HashTree, part: LeafPart, exact: boolean): readonly TreeEntry[] {
  const entries = entriesUnder(tree, part.index, exact);
  const from = part.after === null ? 0 : seek(entries, 'above', part.after);
  const to = part.upTo === null ? entries.length : seek(entries, 'above', part.upTo);
  return entries.slice(from, Math.max(from, to));
}

/** Compares own entries with what the other named in the same range; both ascend by key hash. */
export function compareLeaf(own: readonly TreeEntry[], theirs: readonly Summary[]): LeafDifference {
  const give: string[] = [];
  const want: Hash64[] = [];
  let ownAt = 0;
  let theirsAt = 0;
  while (ownAt < own.length || theirsAt < theirs.length) {
    const order = orderOf(own[ownAt], theirs[theirsAt]);
    const ownGroup = order <= 0 ? groupAt(own, ownAt) : [];
    const theirGroup = order >= 0 ? groupAt(theirs, theirsAt) : [];
    const newer = newerOf(ownGroup, theirGroup);
    if (newer === 'own' || newer === 'unclear') give.push(...ownGroup.map((entry) => entry.key));
    if (newer === 'theirs' || newer === 'unclear') want.push(theirGroup[0]!.keyHash);
    ownAt += ownGroup.length;
    theirsAt += theirGroup.length;
  }
  return { give, want };
}

/** `unclear`: several keys share the hash and the two sides differ, so each gives all it has of them. */
function newerOf(
  own: readonly TreeEntry[],
  theirs: readonly Summary[],
): 'own' | 'theirs' | 'same' | 'unclear' {
  if (theirs.length === 0) return 'own';
  if (own.length === 0) return 'theirs';
  if (own.length === 1 && theirs.length === 1) {
    const order = compareVersions(own[0]!.version, theirs[0]!.version);
    return order > 0 ? 'own' : order < 0 ? 'theirs' : 'same';
  }
  const summarized = own.slice(0, HASH_GROUP_MAX);
  const equal =
    summarized.length === theirs.length &&
    summarized.every((entry, at) => compareVersions(entry.version, theirs[at]!.version) === 0);
  return equal ? 'same' : 'unclear';
}

function orderOf(own: TreeEntry | undefined, theirs: Summary | undefined): number {
  if (own === undefined) return 1;
  if (theirs === undefined) return -1;
  return compareHashes(own.keyHash, theirs.keyHash);
}

function groupAt<T extends { readonly keyHash: Hash64 }>(entries: readonly T[], at: number): readonly T[] {
  const keyHash = entries[at]!.keyHash;
  let end = at + 1;
  while (end < entries.length && compareHashes(entries[end]!.keyHash, keyHash) === 0) end++;
  return entries.slice(at, end);
}

/** Leaves out what exceeds `HASH_GROUP_MAX` keys of one shortened hash, so that a group always fits into a frame. */
function withoutCrowds(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  return entries.filter((entry, at) => {
    const before = entries[at - HASH_GROUP_MAX];
    return before === undefined || compareHashes(before.keyHash, entry.keyHash) !== 0;
  });
}

/** The end of the longest run from `at` that fits and does not part keys of one hash. */
function cutAt(entries: readonly TreeEntry[], at: number, room: number): number {
  let end = Math.min(at + room, entries.length);
  while (
    end > at &&
    end < entries.length &&
    compareHashes(entries[end - 1]!.keyHash, entries[end]!.keyHash) === 0
  )
    end--;
  return end;
}

/** Shortened, they still ascend; keys that come to share a hash are a group. */
function entriesUnder(tree: HashTree, leaf: number, exact: boolean): readonly TreeEntry[] {
  const entries = tree.entries(leaf);
  if (exact) return entries;
  return entries.map((entry) => ({
    ...entry,
    keyHash: shorten(entry.keyHash, exact),
    version: shortenVersion(entry.version),
  }));
}

/**
 * Of `by` the first 8 bits stay below `minor`, and below these the first 6 of the content's hash: the order is kept, and
 * nearly all ties of two members and lies are seen. Sequences, which have no `by`, leave room for 4 of the content's.
 */
function shortenVersion({ major, minor, by, content = 0 }: Version): Version {
  if (by === null) return { major, minor: minor * 16 + (content >>> 28), by };
  const tie = (Number.parseInt(by.slice(0, 2), 16) << 6) | (content >>> 26);
  return { major, minor: minor * 16_384 + tie, by: null };
}

function toSummary({ keyHash, version }: TreeEntry): Summary {
  return { keyHash, version };
}
