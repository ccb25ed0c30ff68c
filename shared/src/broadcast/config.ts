/** The numbers of the broadcast layer, what each costs, and where its default comes from. */
import { assert } from '../base/assert.ts';

export interface BroadcastConfig {
  /**
   * Newcomers linked with newcomers only take themselves for the room after so long. Shorter: two that
   * met each other before the room are sent what its caches still hold when they meet it. Longer: the
   * first members of a room may send theirs to those who come next.
   */
  readonly beginMs: number;

  /**
   * Records within `hotWindowMs` that make an origin hot; whatever else it says does so at once. Fewer: a join makes a
   * tree that is hardly used, and nothing is left to carve the shared one. At least 2.
   */
  readonly hotMessages: number;
  /** The span in which they are counted. Longer: slow speakers get a tree too. Below `treeIdleMs`. */
  readonly hotWindowMs: number;
  /** Trees kept beside the shared one; further hot origins use the shared one here. Each costs a set of neighbors, half a kB. */
  readonly hotTreesMax: number;
  /** A tree unused for so long is forgotten. Shorter: it learns its ways anew. Longer: memory. Over `hotWindowMs`. */
  readonly treeIdleMs: number;

  /** First messages of a tree, announced at once, from which it learns the quickest ways. More: more frames for each new speaker. */
  readonly youngMessages: number;
  /** After them every message of a stream whose number is a multiple of this is announced at once. More seldom: fewer frames, slower to find a new way. */
  readonly teachEvery: number;

  /** How long announcements of `reliable` and `record` wait for company. Longer: fewer frames, later repair. */
  readonly announceDelayMs: number;
  /** The same towards a neighbor with a lower id, who announces first. Longer: fewer words twice. At least `announceDelayMs`. */
  readonly announceSecondDelayMs: number;
  /** The same for `volatile`, where only the newest is named. At least `announceDelayMs`. */
  readonly announceVolatileDelayMs: number;
  /** Heads in one `ihave` or `vector`; a link's full queue is sent at once. At least 1. */
  readonly headsPerFrameMax: number;

  /** An announced message gets at least so long to come by itself. Shorter than the tree is deep: duplicates for ever. */
  readonly graftTimeoutMsMin: number;
  /** The adaptive timeout goes no higher. Longer: a slow tree hides a broken one. Over the minimum. */
  readonly graftTimeoutMsMax: number;
  /** Messages of whose lag the median is taken. More: slower to see that a tree is deep; fewer: a bad moment counts as usual. */
  readonly lagSamples: number;
  /** How often one announced head is asked for, all askings counted. More: more traffic for what nobody has. */
  readonly graftAttemptsMax: number;
  /** Neighbors remembered per announced head. */
  readonly announcersPerHeadMax: number;
  /** Announced heads awaited at once; the oldest gives way. Its next announcement starts it anew. */
  readonly missingHeadsMax: number;
  /** Ranges in one `graft`. The rest is asked for when the timer is next due. */
  readonly wantsPerGraftMax: number;
  /** Trees in one `graft`; a lost neighbor's trees take as many as it needs. */
  readonly treesPerGraftMax: number;
  /** Ranges asked for that are remembered per stream, so that an answer is no duplicate. */
  readonly requestsPerStreamMax: number;
  /** How long an asked range is remembered, and what a pruned link brings may have been under way. Over `graftTimeoutMsMax`. */
  readonly requestMs: number;
  /**
   * Who announced a message and was asked for it has so long to give it, or has withheld it. Shorter: slow links seem to
   * withhold; longer: who withholds is found out later. Over `graftTimeoutMsMax`, below `cacheMs`.
   */
  readonly promiseMs: number;
  /** Messages in the answer to one `graft`. More: one frame asks more of us. */
  readonly answerMessagesMax: number;
  /** Payload bytes in the answer to one `graft`; the first message always goes. */
  readonly answerBytesMax: number;
  /**
   * Payload bytes a second in answers to one neighbor; at once `cacheBytesMax`, so that whoever comes back may ask for
   * all there is. More: who floods with `graft`s costs us more; less: repair is slower.
   */
  readonly answersBytesPerS: number;

  /** Who leaves hands what it said so lately to its lazy neighbors too. Longer: more frames at every goodbye. Below `cacheMs`. */
  readonly lastWordsMs: number;

  /** Messages on the shared tree within about this span share one right to prune. Over the time to cross the room. */
  readonly carveWindowMs: number;
  /** An announcement must beat the message by more than this before a tree that is not young changes. Less: it flutters. */
  readonly optimizeHysteresisMs: number;
  /** Pause between two changes of a tree that is not young. Shorter: settles sooner, flutters more. */
  readonly optimizeIntervalMs: number;

  /** Reliable messages of one origin that wait behind a gap; beyond, messages are refused and asked for later. */
  readonly reorderMessagesMax: number;
  /** Their payload bytes; one message always fits. */
  readonly reorderBytesMax: number;
  /** Sequences asked for below the first message that waits, however full the window. Less: a long hole fills slowly. */
  readonly repairAheadMin: number;
  /** For so long after standing still, what comes counts as having waited all the while. Longer: more is not passed on that is new. */
  readonly queueMs: number;
  /** How long what was said of an unknown origin before we met gets to come by another way. Below `gapTimeoutMs`. */
  readonly floorMs: number;
  /** A hole that nobody fills for so long is given up. Longer: later messages wait longer. Below `cacheMs`. */
  readonly gapTimeoutMs: number;
  /** Records of one origin remembered beyond the first hole; when full the lowest hole is given up. */
  readonly recordWindowMax: number;

  /** How long payloads are kept for those who ask. Longer: longer absences are mended, more memory. */
  readonly cacheMs: number;
  /** Payloads kept, all origins together; the oldest goes first, or the oldest of an origin that has over half of them. */
  readonly cacheMessagesMax: number;
  /** Their bytes. */
  readonly cacheBytesMax: number;

  /** Origins whose sequences are kept; the one idle longest goes first. Over the largest room. */
  readonly originsMax: number;
  /** How long a forgotten origin's sequences stay: late copies are still known, and one that returns goes on from there. */
  readonly forgottenMs: number;
  /** A sequence may be so far beyond what we know. Less: a long absence looks like a lie. */
  readonly sequenceJumpMax: number;
  /**
   * A volatile message that nobody vouches for may be so far beyond the last anchor. Less: a stream is silent for
   * longer where anchors were lost; more: a forged number stands in the way of true ones until the next anchor.
   */
  readonly anchorAheadMax: number;
  /** Pause between two sweeps; none runs while there is nothing to forget. Below `gapTimeoutMs`. */
  readonly sweepIntervalMs: number;
  /** Neighbors the node may name; more is a mistake of ours. Over the overlay's hard maximum. */
  readonly neighborsMax: number;
}

export const defaultBroadcastConfig: BroadcastConfig = {
  beginMs: 5_000, // guess: several times what a channel takes to open
  hotMessages: 6, // measured: at 3, the records of a join alone gave each of 64 newcomers a tree, and each tree a flood
  hotWindowMs: 10_000, // the design's starting point
  hotTreesMax: 2_048, // a tree for each member of the largest room of the design
  treeIdleMs: 900_000, // as forgottenMs; measured: at 60 s, one of 100 who speak in turn is forgotten each other second
  youngMessages: 6, // measured: after five, the last way takes 1.00 of the quickest among 100, 1.02 among 1,000
  teachEvery: 32, // guess: once a second for a pointer
  announceDelayMs: 50, // guess: a third of the least graft timeout
  announceSecondDelayMs: 140, // measured: 18 bytes of control per delivery when 100 speak at once, 22 with 100 ms; just below the graft timeout
  announceVolatileDelayMs: 250, // guess: a pointer is stale by then anyway
  headsPerFrameMax: 512, // guess: about 5 kB with interned origins
  graftTimeoutMsMin: 150, // the design's starting point; iroh-gossip 0.101's 80 ms, measured, duplicates for ever
  graftTimeoutMsMax: 2_000, // guess: below the time to suspect a neighbor
  lagSamples: 32, // guess: a few seconds of a lively room
  graftAttemptsMax: 8, // guess: more than the usual degree of 6
  announcersPerHeadMax: 8, // as above
  missingHeadsMax: 2_048, // guess: one per member of the largest room
  wantsPerGraftMax: 64, // guess
  treesPerGraftMax: 512, // guess: 10 kB at worst
  requestsPerStreamMax: 16, // guess: two per attempt
  requestMs: 10_000, // as gapTimeoutMs
  promiseMs: 5_000, // guess: GossipSub gives 3 s; as long as an answer of the overlay's
  answerMessagesMax: 256, // as reorderMessagesMax: what the asker can hold
  answerBytesMax: 262_144, // as reorderBytesMax
  answersBytesPerS: 524_288, // guess: twice what one origin may say a second
  lastWordsMs: 1_000, // guess: several graft timeouts of 150 ms
  carveWindowMs: 400, // guess: iroh-gossip 0.101's last delivery among 1,000 members, measured in its simulator
  optimizeHysteresisMs: 12, // guess: about one short hop
  optimizeIntervalMs: 1_000, // guess
  reorderMessagesMax: 256, // guess
  reorderBytesMax: 262_144, // guess: sixteen values of the largest size
  repairAheadMin: 16, // guess: values of the largest size in reorderBytesMax
  queueMs: 1_000, // guess: a page works off what waited in one go
  floorMs: 1_000, // guess: several graft timeouts of 150 ms
  gapTimeoutMs: 10_000, // the design's starting point
  recordWindowMax: 512, // guess
  cacheMs: 30_000, // iroh-gossip 0.101
  cacheMessagesMax: 2_048, // guess
  cacheBytesMax: 4_194_304, // guess
  originsMax: 4_096, // twice the largest room of the design
  forgottenMs: 900_000, // guess: a tab that slept or was cut off for a quarter of an hour
  sequenceJumpMax: 1_000_000, // guess: nine hours at 30 messages a second
  anchorAheadMax: 256, // guess: eight anchors lost on end, at 30 messages a second
  sweepIntervalMs: 1_000, // iroh-gossip 0.101
  neighborsMax: 64, // guess: six times the overlay's hard maximum
};

/** Asserts bounds and relations; a wrong config is our own mistake. */
export function checkBroadcastConfig(config: BroadcastConfig): void {
  for (const [name, value] of Object.entries(config)) {
    assert(
      Number.isSafeInteger(value) && value >= 1,
      `${name} is a whole number from 1, not ${String(value)}`,
    );
  }
  assert(config.hotMessages >= 2, `hotMessages ${config.hotMessages} would make everyone hot`);
  assertBelow(config, 'hotWindowMs', 'treeIdleMs');
  assertBelow(config, 'graftTimeoutMsMin', 'graftTimeoutMsMax');
  assertBelow(config, 'graftTimeoutMsMax', 'requestMs');
  assertBelow(config, 'announceDelayMs', 'announceSecondDelayMs');
  assertBelow(config, 'announceSecondDelayMs', 'graftTimeoutMsMin');
  assertBelow(config, 'announceDelayMs', 'announceVolatileDelayMs');
  assertBelow(config, 'lastWordsMs', 'cacheMs');
  assertBelow(config, 'floorMs', 'gapTimeoutMs');
  assertBelow(config, 'gapTimeoutMs', 'cacheMs');
  assertBelow(config, 'cacheMs', 'forgottenMs');
  assertBelow(config, 'sweepIntervalMs', 'gapTimeoutMs');
  assertBelow(config, 'graftTimeoutMsMax', 'promiseMs');
  assertBelow(config, 'promiseMs', 'cacheMs');
}

function assertBelow(
  config: BroadcastConfig,
  less: keyof BroadcastConfig,
  more: keyof BroadcastConfig,
): void {
  assert(config[less] < config[more], `${less} ${config[less]} is below ${more} ${config[more]}`);
}
