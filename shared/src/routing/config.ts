/** How far packets go, how often they are tried, and what others may ask of us; with the source of each number. */
import { checkRange } from '../base/config-check.ts';

export interface RoutingConfig {
  /** Hops a packet may take. More lets strayed packets wander longer; fewer cuts off far members. 2 to 16. */
  readonly ttl: number;
  /** Hops a flood may take. More copies it further; fewer misses far members. 1 to `ttl`. */
  readonly floodTtl: number;
  /** Times an `acked` packet is sent. More gives up later; fewer gives up on a mesh that is mending. 1 to 10. */
  readonly attemptsMax: number;
  /** The attempt that floods. Earlier costs a copy per link more often; later delays the surest way. 2 to 10. */
  readonly floodAttempt: number;
  /** Least time to an attempt's retry. More delays the repair; less repeats what is on its way. 50 to 60,000. */
  readonly retryMsMin: number;
  /**
   * What one hop may take, queues included; a retry waits four times this per hop. More delays the repair;
   * less repeats what is on its way. 10 to 5,000.
   */
  readonly hopMs: number;
  /** Hops assumed to a member that is not in the graph. 1 to `ttl`. */
  readonly hopsGuess: number;
  /** Own packets waiting for their acknowledgement. More costs memory; beyond, a packet is undeliverable at once. 1 to 65,536. */
  readonly waitingMax: number;
  /** Packets remembered, so that each is delivered once and each flood passed on once. More costs memory. 16 to 65,536. */
  readonly seenMax: number;
  /** How long they are remembered. Above the time in which all attempts are over. 1,000 to 3,600,000. */
  readonly seenMs: number;
  /** Floods passed on a second for one origin; its further ones are dropped. 1 to 100. */
  readonly floodsPerOriginMax: number;
  /** Messages a second taken from one sender through the server. More lets it use our links more. 1 to 1,000. */
  readonly serverMessagesMax: number;
  /**
   * How long after a member spoke through the server it is answered there rather than along edges that may
   * be its former ones. More burdens the server; less strands a tab that lost its links. 1,000 to 600,000.
   */
  readonly serverMemoryMs: number;
  /** Members in the graph. Beyond, new ones are left out. 2 to 65,536. */
  readonly membersMax: number;
  /** Neighbors taken of one member's links; further ones are left out. At least the overlay's hard maximum. 1 to 64. */
  readonly linksPerMemberMax: number;
  /** Own neighbors; they are the bits of one number. 1 to 30. */
  readonly neighborsMax: number;
  /** Targets, origins and senders whose rate is watched. More costs memory; beyond, the oldest count is lost. 16 to 65,536. */
  readonly ratesMax: number;
}

export const defaultRoutingConfig: RoutingConfig = {
  ttl: 16, // guess: twice the diameter of 2,000 members at degree 6
  floodTtl: 8, // guess: the diameter of 2,000 members at degree 6, and two
  attemptsMax: 4, // guess
  floodAttempt: 3, // the design: a bounded flood comes last
  retryMsMin: 600, // guess
  hopMs: 150, // guess: thrice a slow link's latency
  hopsGuess: 4, // guess: the mean distance of 1,000 members at degree 6
  waitingMax: 1_024, // guess
  seenMax: 4_096, // guess
  seenMs: 180_000, // guess: four attempts over 16 hops take 50 s, and one may wait two minutes at a relay that starves
  floodsPerOriginMax: 8, // guess
  serverMessagesMax: 50, // guess: a newcomer's three attempts with all their signals
  serverMemoryMs: 20_000, // guess: over the 15 s that an attempt takes, 5 s and 10 s
  membersMax: 2_048, // the design: rooms up to about 2,000
  linksPerMemberMax: 16, // the design: hard maximum 10, and room for links being replaced
  neighborsMax: 24, // guess: twice the overlay's hard maximum of 10, and some
  ratesMax: 1_024, // guess
};

export function checkRoutingConfig(config: RoutingConfig): void {
  checkRange(config, 'ttl', { from: 2, to: 16 });
  checkRange(config, 'floodTtl', { from: 1, to: config.ttl });
  checkRange(config, 'attemptsMax', { from: 1, to: 10 });
  checkRange(config, 'floodAttempt', { from: 2, to: 10 });
  checkRange(config, 'retryMsMin', { from: 50, to: 60_000 });
  checkRange(config, 'hopMs', { from: 10, to: 5_000 });
  checkRange(config, 'hopsGuess', { from: 1, to: config.ttl });
  checkRange(config, 'waitingMax', { from: 1, to: 65_536 });
  checkRange(config, 'seenMax', { from: 16, to: 65_536 });
  checkRange(config, 'seenMs', { from: 1_000, to: 3_600_000 });
  checkRange(config, 'floodsPerOriginMax', { from: 1, to: 100 });
  checkRange(config, 'serverMessagesMax', { from: 1, to: 1_000 });
  checkRange(config, 'serverMemoryMs', { from: 1_000, to: 600_000 });
  checkRange(config, 'membersMax', { from: 2, to: 65_536 });
  checkRange(config, 'linksPerMemberMax', { from: 1, to: 64 });
  checkRange(config, 'neighborsMax', { from: 1, to: 30 });
  checkRange(config, 'ratesMax', { from: 16, to: 65_536 });
}
