import { describe, expect, it } from 'vitest';
import type { ScenarioJob } from '#sim/cli/jobs.ts';
import { createProgress } from '#sim/cli/progress.ts';

const job: ScenarioJob = {
  kind: 'scenario',
  scenario: 'crash',
  variant: 'calm',
  nodes: 20,
  seed: 3,
  full: false,
};

function watch({ isTerminal, columns = 200 }: { isTerminal: boolean; columns?: number }) {
  let now = 0;
  let text = '';
  const write = (more: string): void => void (text += more);
  const progress = createProgress({ write, isTerminal, columns, nowMs: () => now }, 2);
  return {
    ...progress,
    pass: (ms: number) => (now += ms),
    take: () => {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

describe('progress that is kept, as in a log', () => {
  it('tells of each run that ended', () => {
    const progress = watch({ isTerminal: false });
    progress.started(job);
    progress.at(job, 'forming');
    progress.pass(187_000);
    progress.ended(job, false);
    expect(progress.take()).toBe('3 min 07 s  1 of 2  crash calm N=20 seed 3 done in 3 min 07 s\n');
  });

  it('tells what is running when it has been silent for twenty seconds, once', () => {
    const progress = watch({ isTerminal: false });
    progress.started(job);
    progress.at(job, 'crash 2 of 10');
    progress.pass(19_000);
    progress.tick();
    expect(progress.take()).toBe('');
    progress.pass(1_000);
    progress.tick();
    progress.tick();
    expect(progress.take()).toBe(
      '     20 s  0 of 2  running: crash calm N=20 seed 3 (crash 2 of 10, 20 s)\n',
    );
  });
});

describe('progress on a terminal', () => {
  it('rewrites one line, never longer than the terminal is wide', () => {
    const progress = watch({ isTerminal: true, columns: 40 });
    progress.started(job);
    progress.tick();
    const lines = progress.take().split('\r\u001B[2K').slice(1);
    expect(lines).toEqual(Array.from({ length: 2 }, () => '      0 s  0 of 2  running: crash calm '));
  });

  it('leaves only what ended', () => {
    const progress = watch({ isTerminal: true });
    progress.started(job);
    progress.ended(job, true);
    progress.close();
    expect(progress.take().split('\r\u001B[2K').at(-2)).toBe(
      '      0 s  1 of 2  crash calm N=20 seed 3 FAILED in 0 s\n',
    );
  });
});
