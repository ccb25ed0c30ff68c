/** What the browser's statistics tell of the pair of addresses by which a connection goes. */

/** The parts of a statistic that say so (W3C, Identifiers for WebRTC's Statistics API). */
interface Stat {
  readonly type: string;
  /** When it was taken, in milliseconds. */
  readonly timestamp?: number;
  readonly selectedCandidatePairId?: string;
  /** Of a pair, in Firefox. */
  readonly selected?: boolean;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  /** Of a pair, by the same clock; checks of the way (STUN) do not count. */
  readonly lastPacketReceivedTimestamp?: number;
  readonly candidateType?: string;
}

type Stats = Pick<ReadonlyMap<string, Stat>, 'get' | 'forEach'>;

/** Whether either end of the selected pair is an address that a TURN server lent. */
export function isRelayed(stats: Stats): boolean {
  const pair = selectedPair(stats);
  const ends = [pair?.localCandidateId, pair?.remoteCandidateId];
  return ends.some((id) => id !== undefined && stats.get(id)?.candidateType === 'relay');
}

/** How many milliseconds before the statistics the last packet came; `undefined` where the browser does not tell. */
export function quietOf(stats: Stats): number | undefined {
  const { timestamp, lastPacketReceivedTimestamp: heardAt } = selectedPair(stats) ?? {};
  return timestamp === undefined || heardAt === undefined ? undefined : Math.max(0, timestamp - heardAt);
}

function selectedPair(stats: Stats): Stat | undefined {
  let pair: Stat | undefined;
  stats.forEach((stat) => {
    if (stat.type === 'transport') pair = stats.get(stat.selectedCandidatePairId ?? '') ?? pair;
    else if (stat.type === 'candidate-pair' && stat.selected) pair ??= stat;
  });
  return pair;
}
