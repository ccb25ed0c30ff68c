/** The bench with scenarios made up here, in this process. */
import { describe, expect, it } from 'vitest';
import { runJob } from '#sim/cli/jobs.ts';
import type { RunAll } from '#sim/cli/pool.ts';
import { bench, type BenchWorld } from '#sim/cli/run.ts';
import { atMost, plot, type Row, type Scenario, type ScenarioOptions } from '#sim/scenario.ts';

const row = (nodes: number, more: Partial<Row> = {}): Row => ({
  id: '1',
  metric: 'tookMs',
  nodes,
  variant: 'plain',
  target: atMost(100),
  ...more,
});

const scenario = (
  name: string,
  rows: readonly Row[],
  tookMs: (options: ScenarioOptions) => number,
): Scenario => ({
  name,
  about: `A story of ${name}.`,
  nodesDefault: 2,
  variants: ['plain'],
  rows,
  run: (options) => ({
    metrics: { tookMs: tookMs(options), besideMs: 7 },
    curves: { Convergence: plot('ms', '%', [[0, 0], [1, 100]]) }, // prettier-ignore
  }),
});

const quick = scenario('quick', [row(2), row(50), row(1_000)], ({ nodes, seed }) => nodes + seed);
const broken = scenario('broken', [row(2)], ({ seed }) => {
  if (seed === 2) throw new Error('the second story went wrong');
  return 1;
});

/** Everything that a bench gave, by where it gave it. */
interface Given {
  exit: number;
  printed: string;
  screen: string;
  report: string;
  baseline: string | undefined;
  ran: number;
}

async function run(
  line: string,
  { scenarios = [quick, broken], baseline }: { scenarios?: readonly Scenario[]; baseline?: string } = {},
): Promise<Given> {
  let nowMs = 0;
  const given: Given = { exit: -1, printed: '', screen: '', report: '', baseline, ran: 0 };
  const runAll: RunAll = (jobs, { mayStart, onStarted, onDone, onFailed }) => {
    for (const job of jobs) {
      if (mayStart?.() === false) return Promise.resolve();
      given.ran += 1;
      if ('nodes' in job && job.nodes === 1_000) nowMs += 40_000;
      onStarted?.(job);
      try {
        onDone(
          job,
          runJob(job, () => undefined, scenarios),
        );
      } catch (problem) {
        onFailed(job, String(problem));
      }
    }
    return Promise.resolve();
  };
  const world: BenchWorld = {
    scenarios,
    runAll,
    print: (text) => void (given.printed += text),
    screen: {
      write: (text) => void (given.screen += text),
      isTerminal: false,
      columns: 80,
      nowMs: () => nowMs,
    },
    every: () => () => undefined,
    readBaseline: () => given.baseline,
    writeBaseline: (text) => void (given.baseline = text),
    writeReport: (html) => {
      given.report = html;
      return 'a file';
    },
    today: '2026-11-25',
  };
  given.exit = await bench(line.split(' ').filter(Boolean), world);
  return given;
}

describe('wrong options', () => {
  it.each([
    ['--only nope', 'unknownScenario: there is no scenario "nope"; there are quick, broken.'],
    ['--seeds 0', 'badSeeds: --seeds is a whole number from 1 to 1000, not "0".'],
    ['--seeds -1', 'badSeeds: --seeds is a whole number from 1 to 1000, not "-1".'],
    ['--seeds 1e3', 'badSeeds: --seeds is a whole number from 1 to 1000, not "1e3".'],
    ['--minutes 0', 'badMinutes: --minutes is a whole number from 1 to 10080, not "0".'],
    ['--nodes-max 1', 'badNodes: --nodes-max is a whole number from 2 to 10000, not "1".'],
    ['--seeds', expect.stringMatching(/^badOption: Option '--seeds <value>' argument missing; there are /)],
    ['--wrong', expect.stringMatching(/^badOption: Unknown option '--wrong'; there are --only, /)],
    ['quick', expect.stringMatching(/^badOption: Unexpected argument 'quick'/)],
  ])('%s runs nothing, and is told in one line', async (line, error) => {
    const { exit, printed, screen, ran } = await run(line);
    expect({ exit, printed, ran }).toEqual({ exit: 2, printed: '', ran: 0 });
    expect(screen.endsWith('\n')).toBe(true);
    const lines = screen.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toEqual(error);
  });
});

describe('--minutes', () => {
  it('starts no run later, has run one seed of everything first, and says what there was no time for', async () => {
    const { exit, printed, report, ran } = await run('--only quick --seeds 4 --minutes 1');
    expect({ exit, ran }).toEqual({ exit: 0, ran: 6 });
    const said = 'After 1 minutes 6 of 12 runs had been started: 2 to 2 of 4 seeds of each figure.';
    expect(printed).toContain(said);
    expect(report).toContain(said);
    expect(printed).not.toContain('Not run at all');
  });

  it('names what was not run at all', async () => {
    // The larger room comes later.
    const late = scenario('late', [row(2_000)], () => 1);
    const { printed } = await run('--seeds 2 --minutes 1', {
      scenarios: [scenario('first', [row(1_000, { metric: 'tookMs' })], () => 1), late],
    });
    expect(printed).toContain('3 of 4 runs had been started: 1 to 2 of 2 seeds');
    const { printed: none } = await run('--seeds 1 --minutes 1', {
      scenarios: ['a', 'b'].map((name) => scenario(name, [row(1_000)], () => 1)).concat(late),
    });
    expect(none).toContain('Not run at all: late plain N=2000');
  });
});

describe('--json', () => {
  it('prints the rows as they are promised, and nothing else', async () => {
    const { exit, printed } = await run('--json --only quick --seeds 2 --nodes-max 2');
    expect(exit).toBe(0);
    expect(JSON.parse(printed)).toEqual({
      rows: [
        {
          id: '1',
          metric: 'tookMs',
          nodes: 2,
          mean: 3.5,
          worst: 4,
          target: 100,
          met: true,
          scenario: 'quick',
          variant: 'plain',
        },
        {
          id: '1',
          metric: 'besideMs',
          nodes: 2,
          mean: 7,
          worst: 7,
          target: null,
          met: null,
          scenario: 'quick',
          variant: 'plain',
        },
      ],
    });
  });

  it('has null for what never happened', async () => {
    const never = scenario('never', [row(2)], () => Infinity);
    const { printed } = await run('--json --seeds 1', { scenarios: [never] });
    const { rows } = JSON.parse(printed) as { rows: unknown[] };
    expect(rows[0]).toMatchObject({ mean: null, worst: null, met: false });
  });
});

describe('--nodes-max', () => {
  it('leaves larger rooms out, and the table says so', async () => {
    const { printed, report, ran } = await run('--only quick --seeds 1 --nodes-max 50');
    expect(ran).toBe(2);
    const sentence = 'Left out by --nodes-max 50: quick plain N=1000.';
    expect(printed).toContain(sentence);
    expect(report).toContain(sentence);
    expect(printed).not.toMatch(/quick plain +1000/);
  });

  it('says the same of what --full would run', async () => {
    const scenarios = [scenario('quick', [row(2), row(50, { fullOnly: true })], () => 1)];
    const some = await run('--seeds 1', { scenarios });
    expect(some.printed).toContain('Left out without --full: quick plain N=50.');
    const all = await run('--seeds 1 --full', { scenarios });
    expect(all.printed).not.toContain('Left out');
    expect(all.ran).toBe(2);
  });
});

describe('--only', () => {
  it('leaves out what is told as an act of another scenario, and the table says so', async () => {
    const act = { scenario: 'quick', variant: 'plain' };
    const scenarios = [
      scenario('quick', [row(2)], () => 1),
      scenario('long', [row(9, { act }), row(90, { act, fullOnly: true })], () => 1),
    ];
    const { printed, ran } = await run('--only quick --seeds 1', { scenarios });
    expect(ran).toBe(1);
    expect(printed).toContain('Left out by --only quick: quick plain N=9 (an act of long).');
    expect(printed).toContain('Left out without --full: quick plain N=90 (an act of long).');
    expect((await run('--seeds 1', { scenarios })).printed).not.toContain('N=9 (an act of long)');
  });
});

describe('a target that is met', () => {
  it('is met only so far by fewer seeds than it is stated for', async () => {
    const few = await run('--only quick --nodes-max 2 --seeds 3');
    expect(few.printed).toMatch(/quick plain +2 +3 +tookMs +4 +5 +≤ 100 +3 of 8 seeds\n/);
    expect(few.printed).toContain('0 of 1 targets met, 1 more by the fewer than 8 seeds that ran.');
    expect(few.report).toContain('<small>so far, by 3 of 8 seeds</small>');
    expect(few.report).toContain('<span class="verdict met">0 met</span>');
    const all = await run('--only quick --nodes-max 2');
    expect(all.printed).toMatch(/quick plain +2 +8 +tookMs +6.5 +10 +≤ 100 +yes\n/);
    expect(all.printed).toContain('1 of 1 targets met.');
  });
});

describe('a scenario that throws', () => {
  const again = 'npm run sim -- --scenario broken --variant plain --nodes 2 --seed 2';

  it('is told with the line that runs it again, fails the bench, and stops nothing', async () => {
    const { exit, screen, ran, report } = await run('--seeds 3 --nodes-max 2');
    expect({ exit, ran }).toEqual({ exit: 1, ran: 6 });
    expect(screen).toContain('broken plain N=2 seed 2 FAILED');
    expect(screen).toContain(`${again}\n    Error: the second story went wrong\n`);
    expect(
      screen.endsWith(`1 of 6 runs failed; again:\n  ${again}\n    Error: the second story went wrong\n`),
    ).toBe(true);
    expect(report).toContain(`<pre>${again}\nError: the second story went wrong</pre>`);
  });

  it('meets no target, though its other seeds would', async () => {
    const { printed } = await run('--only broken --seeds 3');
    expect(printed).toMatch(/broken plain +2 +2 +tookMs +1 +1 +≤ 100 +NO/);
    expect(printed).toContain('0 of 1 targets met. Of failed runs nothing counts as met.');
  });

  it('stands in the table even when no seed went well', async () => {
    const scenarios = [
      scenario('broken', [row(2)], () => {
        throw new Error('no story at all');
      }),
    ];
    const { exit, printed } = await run('--seeds 2', { scenarios });
    expect(exit).toBe(1);
    expect(printed).toMatch(/broken plain +2 +0 +tookMs +- +- +≤ 100 +NO/);
  });

  it('spoils no baseline', async () => {
    expect(await run('--baseline --seeds 2 --nodes-max 2')).toMatchObject({ exit: 1, baseline: undefined });
  });
});

describe('the baseline', () => {
  it('keeps what was not run this time, and takes the rest anew', async () => {
    const old = await run('--baseline --only quick --seeds 1');
    const now = await run('--baseline --only quick --seeds 3 --nodes-max 2', { baseline: old.baseline! });
    const { rows } = JSON.parse(now.baseline!) as { rows: { nodes: number; mean: number; metric: string }[] };
    const means = rows.filter(({ metric }) => metric === 'tookMs').map(({ nodes, mean }) => [nodes, mean]);
    expect(means.toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
      [2, 4],
      [50, 51],
      [1_000, 1_001],
    ]);
  });

  it('is a column of the next report, with the change; none, and there is no column', async () => {
    const first = await run('--baseline --only quick --seeds 1 --nodes-max 2');
    expect(first.report).not.toContain('mean before');
    const second = await run('--only quick --seeds 3 --nodes-max 2', { baseline: first.baseline! });
    expect(second.report).toContain('data-name="mean before">3 <small>ms</small> <small>+33 %</small>');
  });

  it('that is broken is none', async () => {
    const { exit, report } = await run('--only quick --seeds 1', { baseline: '{"rows":' });
    expect(exit).toBe(0);
    expect(report).not.toContain('mean before');
  });
});

it('the help is no error', async () => {
  const { exit, printed, ran } = await run('--help');
  expect({ exit, ran }).toEqual({ exit: 0, ran: 0 });
  expect(printed).toContain('--nodes-max N');
});
