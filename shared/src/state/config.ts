/** What can be set about state, with the source of each default. */
import { assert } from '../base/assert.ts';

export interface StateConfig {
  /**
   * Entries held at once, tombstones included, in all collections. More costs memory in every tab and
   * deeper reconciliation; less refuses sooner. At least 1.
   */
  readonly entriesMax: number;
  /**
   * Entries held that one member stamped last. More lets one member take the room of all; less refuses who fills a room
   * alone. At least 1; from `entriesMax` on it is no limit.
   */
  readonly entriesPerMemberMax: number;
  /**
   * What all entries held take up when encoded, at most, by an upper bound of each (text counts three bytes a unit). More
   * costs memory in every tab, and more than one link may carry at once; less refuses sooner. At least 1.
   */
  readonly bytesMax: number;
  /** The same of those that one member stamped last. More and less as above. At least 1. */
  readonly bytesPerMemberMax: number;
  /** Collections held at once. More costs a map each; fewer refuses sooner. At least 1. */
  readonly collectionsMax: number;
  /** UTF-16 units of a key. Longer keys cost bytes in every frame that names them. At least 1. */
  readonly keyLengthMax: number;
  /** UTF-16 units of a collection's name. Longer names cost bytes in every frame that names them. At least 1. */
  readonly collectionLengthMax: number;
  /**
   * Collected tombstones remembered as stubs, and as many again below the horizon until it is settled. More remembers
   * deletions longer; fewer raises the horizon sooner, below which an unknown old value is refused. At least 1.
   */
  readonly stubsMax: number;
  /**
   * Refusals remembered, so that each is told once, and keys answered in one collection. More makes bigger answers to
   * who offers much that is old; fewer tells again what is offered again. At least 1.
   */
  readonly refusalsMax: number;
  /**
   * Own writes remembered while no link is held, to be stamped anew if that lasts. More costs memory; fewer
   * leaves the oldest to the room's memory of deletions. At least 1.
   */
  readonly outboxMax: number;
  /**
   * Age, in corrected time, from which a tombstone may become a stub. More holds deleted entries in
   * memory longer; less leans on the stability stamp alone. At least `collectMs`.
   */
  readonly tombstoneMs: number;
  /** Time between two collections. More lets tombstones pile up; less scans more often. At least 1. */
  readonly collectMs: number;
  /**
   * How far a remote stamp may pull our clock ahead of corrected time. More lets a wrong clock win for
   * longer; less lets an honest but badly corrected clock lose its order. Below `aheadMsMax`.
   */
  readonly driftMsMax: number;
  /**
   * How far ahead of corrected time a remote stamp may be at all. More lets a broken clock own a key for
   * longer; less refuses members whose clock has not been corrected. Above `driftMsMax`.
   */
  readonly aheadMsMax: number;
  /** Neighbors whose clocks are compared. More than the overlay's hard maximum is never used. At least 1. */
  readonly clockSamplesMax: number;
  /** A neighbor's offset beyond this is no clock at all. Less refuses a clock that fell back to 1970. Positive. */
  readonly offsetMsMax: number;
}

export const defaultStateConfig: StateConfig = {
  entriesMax: 65_536, // guess: the tree of 256 leaves then holds 256 records a leaf
  entriesPerMemberMax: 32_768, // half of all: one cannot shut the others out
  bytesMax: 67_108_864, // what a neighbor may send at once: a comparison hands it over in one go
  bytesPerMemberMax: 33_554_432, // half, as above
  collectionsMax: 256, // guess
  keyLengthMax: 512, // guess
  collectionLengthMax: 128, // as a room's name
  stubsMax: 8_192, // simulated for the design: none resurrected, none lost
  refusalsMax: 1_024, // guess
  outboxMax: 4_096, // guess
  tombstoneMs: 600_000, // the design: 10 min for a room held in memory
  collectMs: 60_000, // guess
  driftMsMax: 5_000, // citadel; the design's starting point
  aheadMsMax: 86_400_000, // the design: 24 h
  clockSamplesMax: 32, // the overlay's hard maximum is 10; the rest is slack
  offsetMsMax: 3_200_000_000_000, // guess: 100 years; a dead battery shows 1970
};

/** Asserts bounds and relations. */
export function checkStateConfig(config: StateConfig): void {
  for (const [name, value] of Object.entries(config)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${name} must be a whole number from 1, not ${value}`);
  }
  assert(
    config.collectMs <= config.tombstoneMs,
    `collectMs ${config.collectMs} must not exceed tombstoneMs ${config.tombstoneMs}`,
  );
  assert(
    config.driftMsMax < config.aheadMsMax,
    `driftMsMax ${config.driftMsMax} must be below aheadMsMax ${config.aheadMsMax}`,
  );
}
