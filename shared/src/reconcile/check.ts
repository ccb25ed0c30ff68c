/** Whether a message from a neighbor is what the protocol allows. Pure; says nothing about state. */
import { compareHashes, hashToText, type Hash64 } from '../base/hash.ts';
import type { ReconcileConfig } from './config.ts';
import { LEAVES, LEAVES_PER_NODE, leafOf, NODES } from './hash-tree.ts';
import type { LeafPart, Leaves, Middle, Top, WantRecords } from './messages.ts';

export function isSoundTop(message: Top): boolean {
  return message.hashes.length === NODES;
}

export function isSoundMiddle({ nodes }: Middle): boolean {
  return areDistinctIndexes(nodes, NODES) && nodes.every(({ hashes }) => hashes.length === LEAVES_PER_NODE);
}

export function areSoundLeaves({ leaves }: Leaves, config: ReconcileConfig): boolean {
  const summaries = leaves.reduce((sum, { entries }) => sum + entries.length, 0);
  return (
    summaries <= config.summariesPerFrameMax &&
    areDistinctIndexes(leaves, LEAVES) &&
    leaves.every(isSoundPart)
  );
}

export function isSoundWant({ keyHashes }: WantRecords, config: ReconcileConfig): boolean {
  return (
    keyHashes.length <= config.keyHashesPerFrameMax &&
    new Set(keyHashes.map(hashToText)).size === keyHashes.length
  );
}

/** Everything named lies under the leaf, within the bounds, and ascends. */
function isSoundPart({ index, after, upTo, entries }: LeafPart): boolean {
  const isUnder = (hash: Hash64 | null): boolean => hash === null || leafOf(hash) === index;
  if (!isUnder(after) || !isUnder(upTo)) return false;
  return entries.every(({ keyHash }, at) => {
    const before = entries[at - 1];
    return (
      isUnder(keyHash) &&
      (after === null || compareHashes(keyHash, after) > 0) &&
      (upTo === null || compareHashes(keyHash, upTo) <= 0) &&
      (before === undefined || compareHashes(before.keyHash, keyHash) <= 0)
    );
  });
}

function areDistinctIndexes(items: readonly { readonly index: number }[], bound: number): boolean {
  return (
    items.every(({ index }) => Number.isInteger(index) && index >= 0 && index < bound) &&
    new Set(items.map(({ index }) => index)).size === items.length
  );
}
