/** What reconciliation may cost, and where each number comes from. */
import { checkRange } from '../base/config-check.ts';
import { HASH_GROUP_MAX } from './hash-tree.ts';

export interface ReconcileConfig {
  /**
   * Least time between two rounds of one table over one link, whoever begins. More leaves a difference
   * unmended for longer; less repeats rounds while a broadcast is still on its way. At least 100.
   */
  readonly roundIntervalMs: number;
  /**
   * Heartbeats in a row that must show another root before the lower id begins a round; the higher waits for `higherPatience`
   * times as many. More is slower to mend; fewer begins rounds over records that are merely in flight. 1 to 10.
   */
  readonly differingHeartbeatsMin: number;
  /**
   * So many times as many heartbeats, and as far apart, make the higher id begin one. More is slower to mend where the lower
   * cannot begin; less has both begin more often. 1 to 10.
   */
  readonly higherPatience: number;
  /**
   * Likewise of those that showed any other roots than ours, the same or not: each may lack another record in flight. More is
   * slower to mend a table that is always written to. `differingHeartbeatsMin` to 20.
   */
  readonly movingHeartbeatsMin: number;
  /**
   * Nor does one begin before so much time lies between the first of those heartbeats and the last, for the higher id `higherPatience`
   * times as much: a ping and the answer to ours may come in one breath. More is slower to mend; less begins rounds over records in flight. At most `roundIntervalMs`.
   */
  readonly differingMsMin: number;
  /**
   * Records tracked per table. More costs memory (about 200 bytes each); what comes beyond is not
   * reconciled. 1 to 2^20.
   */
  readonly recordsMax: number;
  /**
   * Summaries in one `leaves` message. More makes larger frames (a summary is 12 to 32 bytes); fewer makes
   * more frames. At least twice `HASH_GROUP_MAX`, at most 512, what a frame takes.
   */
  readonly summariesPerFrameMax: number;
  /** Key hashes in one `wantRecords` message, of 8 bytes each. More makes larger frames. 1 to 2,048. */
  readonly keyHashesPerFrameMax: number;
  /**
   * Rounds' worth of answers that a neighbor gets per table within `roundIntervalMs`. More lets a hostile
   * neighbor make us work more; fewer than 2 would refuse a round on a new link that crosses another. 2 to 100.
   */
  readonly quotaRounds: number;
  /** Links followed. More than the overlay's hard maximum, with room for links that replace one another. 1 to 1,000. */
  readonly neighborsMax: number;
}

export const defaultReconcileConfig: ReconcileConfig = {
  roundIntervalMs: 5_000, // the design's starting point
  differingHeartbeatsMin: 2, // the design's starting point
  higherPatience: 3, // simulated: at 2, both began in every second pair, for the lower may need a third heartbeat
  movingHeartbeatsMin: 4, // simulated: at 2, a room with moving cursors began a round a minute over rosters in flight
  differingMsMin: 800, // simulated: without it 6 of 55 calm rooms compared tables over records in flight; below the pause between two pings
  recordsMax: 131_072, // guess: 2,000 members with 64 records each
  summariesPerFrameMax: 256, // guess: at most 8 kB, half of a 16 KiB channel message
  keyHashesPerFrameMax: 512, // guess: 4 kB
  quotaRounds: 3, // guess: two crossing rounds and one to spare
  neighborsMax: 24, // guess: twice the overlay's hard maximum of 10, and some
};

export function checkReconcileConfig(config: ReconcileConfig): void {
  checkRange(config, 'roundIntervalMs', { from: 100, to: 3_600_000 });
  checkRange(config, 'differingHeartbeatsMin', { from: 1, to: 10 });
  checkRange(config, 'higherPatience', { from: 1, to: 10 });
  checkRange(config, 'movingHeartbeatsMin', { from: config.differingHeartbeatsMin, to: 20 });
  checkRange(config, 'differingMsMin', { from: 0, to: config.roundIntervalMs });
  checkRange(config, 'recordsMax', { from: 1, to: 2 ** 20 });
  checkRange(config, 'summariesPerFrameMax', { from: 2 * HASH_GROUP_MAX, to: 512 });
  checkRange(config, 'keyHashesPerFrameMax', { from: 1, to: 2_048 });
  checkRange(config, 'quotaRounds', { from: 2, to: 100 });
  checkRange(config, 'neighborsMax', { from: 1, to: 1_000 });
}
