import { expect, test } from 'vitest';
import { isRelayed } from '#client/transport/route.ts';

type Stats = Parameters<typeof isRelayed>[0];

const candidates = ['host', 'srflx', 'prflx', 'relay'].flatMap((candidateType) => [
  [`local ${candidateType}`, { type: 'local-candidate', candidateType }] as const,
  [`remote ${candidateType}`, { type: 'remote-candidate', candidateType }] as const,
]);
const pair = (local: string, remote: string) => ({
  type: 'candidate-pair',
  localCandidateId: `local ${local}`,
  remoteCandidateId: `remote ${remote}`,
});
const transport = { type: 'transport', selectedCandidatePairId: 'selected' };
const statsOf = (...more: [string, object][]): Stats => new Map([...candidates, ...more]) as Stats;

test.each<[string, string, boolean]>([
  ['host', 'host', false],
  ['srflx', 'prflx', false],
  ['relay', 'host', true],
  ['host', 'relay', true],
  ['relay', 'relay', true],
])('%s to %s, among others that are not in use: %s', (local, remote, relayed) => {
  const others: [string, object][] = [
    ['one', pair('relay', 'relay')],
    ['other', pair('host', 'host')],
  ];
  expect(isRelayed(statsOf(...others, ['selected', pair(local, remote)], ['t', transport]))).toBe(relayed);
  // Whatever comes first.
  expect(isRelayed(statsOf(['t', transport], ['selected', pair(local, remote)], ...others))).toBe(relayed);
  // As Firefox tells it.
  expect(isRelayed(statsOf(...others, ['x', { ...pair(local, remote), selected: true }]))).toBe(relayed);
});

test.each<[string, Stats]>([
  ['nothing', new Map()],
  ['no pair', statsOf(['t', transport])],
  ['no selected pair', statsOf(['t', { type: 'transport' }], ['one', pair('relay', 'relay')])],
  ['a pair of nobody', statsOf(['t', transport], ['selected', { type: 'candidate-pair' }])],
])('of %s it is not said', (_what, stats) => {
  expect(isRelayed(stats)).toBe(false);
});
