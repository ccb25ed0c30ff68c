import { expect, test } from 'vitest';
import { isRelayed, quietOf } from '#client/transport/route.ts';

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

test('tells how long ago the last packet of the pair in use came, where the browser does', () => {
  const heard = (heardAt?: number): object => ({
    ...pair('host', 'host'),
    timestamp: 5_000,
    lastPacketReceivedTimestamp: heardAt,
  });
  const others: [string, object][] = [['one', heard(4_999)]];
  expect(quietOf(statsOf(...others, ['t', transport], ['selected', heard(4_300)]))).toBe(700);
  expect(quietOf(statsOf(...others, ['selected', { ...heard(4_300), selected: true }]))).toBe(700);
  // The clock of the statistics is no finer.
  expect(quietOf(statsOf(['t', transport], ['selected', heard(5_001)]))).toBe(0);
  expect(quietOf(statsOf(...others, ['t', transport], ['selected', heard()]))).toBeUndefined();
  expect(quietOf(statsOf(['t', transport]))).toBeUndefined();
});
