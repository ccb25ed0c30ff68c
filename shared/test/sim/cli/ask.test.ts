/** What `npm run sim` makes of its arguments. */
import { describe, expect, it } from 'vitest';
import { parseSim, simUsage } from '#sim/cli/ask.ts';
import { SCENARIOS } from '#sim/scenarios.ts';

const ask = (line: string) => parseSim(line.split(' ').filter(Boolean), SCENARIOS);

it.each([
  ['', 'noScenario: --scenario NAME says what to run.'],
  [
    '--scenario nope',
    expect.stringMatching(/^unknownScenario: there is no scenario "nope"; there are swarm, /),
  ],
  ['--scenario crash --variant x', 'unknownVariant: crash has no variant "x"; it has calm.'],
  ['--scenario crash --nodes -3', 'badNodes: --nodes is a whole number from 2 to 10000, not "-3".'],
  ['--scenario crash --nodes 1', 'badNodes: --nodes is a whole number from 2 to 10000, not "1".'],
  ['--scenario crash --nodes 2.5', 'badNodes: --nodes is a whole number from 2 to 10000, not "2.5".'],
  ['--scenario crash --nodes=', 'badNodes: --nodes is a whole number from 2 to 10000, not "".'],
  ['--scenario crash --seed abc', expect.stringMatching(/^badSeed: --seed is .* not "abc"\.$/)],
  ['--scenario crash --seed 9007199254740993', expect.stringMatching(/^badSeed: /)],
  ['--scenario crash --trace', 'badOption: --trace does nothing with --scenario crash.'],
  ['--scenario swarm --full', 'badOption: --full does nothing with --scenario swarm.'],
  ['--scenario swarm --variant x', 'badOption: --variant does nothing with --scenario swarm.'],
  [
    '--scenario',
    expect.stringMatching(/^badOption: Option '--scenario <value>' argument missing; there are /),
  ],
  ['crash', expect.stringMatching(/^badOption: Unexpected argument 'crash'; there are /)],
])('"%s" is refused in one line with a code', (line, error) => {
  expect(ask(line)).toEqual({ ok: false, error });
});

describe('what is asked for', () => {
  it('is a scenario as it is by default', () => {
    expect(ask('--scenario partition --json')).toEqual({
      ok: true,
      value: {
        kind: 'scenario',
        job: { kind: 'scenario', scenario: 'partition', variant: '30', nodes: 50, seed: 1, full: false },
        json: true,
      },
    });
  });

  it('is a swarm, with the seed and the size given', () => {
    expect(ask('--scenario swarm --seed 0 --nodes 5 --trace')).toEqual({
      ok: true,
      value: { kind: 'swarm', seed: 0, nodes: 5, trace: true },
    });
  });

  it('is help, whatever else is wrong', () => {
    expect(ask('--help --nodes x')).toEqual({ ok: true, value: { kind: 'help' } });
    for (const { name } of SCENARIOS) expect(simUsage(SCENARIOS)).toContain(`\n  ${name} `);
  });
});
