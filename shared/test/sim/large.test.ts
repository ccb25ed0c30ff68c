import { expect, test } from 'vitest';
import { large } from '#sim/scenarios/large.ts';

test('the acts of the large scenario are told in one room, and each row finds its figure', () => {
  const said: string[] = [];
  const { metrics, curves } = large.run({
    nodes: 12,
    seed: 2,
    variant: 'acts',
    full: false,
    progress: (at) => void said.push(at),
  });
  for (const { act, metric } of large.rows)
    expect(Object.keys(metrics)).toContain(`${act?.scenario} ${metric}`);
  expect(metrics).toMatchObject({
    'broadcast deliveredPct': 100,
    'crash undetected': 0,
    'crash wrongDeaths': 0,
    'kill survivorsListedPct': 100,
  });
  expect(said.filter((at) => at === 'forming')).toHaveLength(1);
  expect(Object.keys(curves).length).toBeGreaterThan(4);
});
