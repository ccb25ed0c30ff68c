/** By which pair of addresses a connection goes, as the browser's statistics tell. */

/** The part of a statistic that says so (W3C, Identifiers for WebRTC's Statistics API). */
interface Stat {
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  /** Of a pair, in Firefox. */
  readonly selected?: boolean;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
}

/** Whether either end of the selected pair is an address that a TURN server lent. */
export function isRelayed(stats: Pick<ReadonlyMap<string, Stat>, 'get' | 'forEach'>): boolean {
  let pair: Stat | undefined;
  stats.forEach((stat) => {
    if (stat.type === 'transport') pair = stats.get(stat.selectedCandidatePairId ?? '') ?? pair;
    else if (stat.type === 'candidate-pair' && stat.selected) pair ??= stat;
  });
  const ends = [pair?.localCandidateId, pair?.remoteCandidateId];
  return ends.some((id) => id !== undefined && stats.get(id)?.candidateType === 'relay');
}
