/** Jobs in processes of their own: how they end, and that none is left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ScenarioJob } from '#sim/cli/jobs.ts';
import { runAllWith } from '#sim/cli/pool.ts';
import type { ScenarioResult } from '#sim/scenario.ts';

const STUB = fileURLToPath(new URL('stub-worker.mjs', import.meta.url));
const POOL = fileURLToPath(new URL('../../../sim/cli/pool.ts', import.meta.url));

const job = (scenario: string, variant = ''): ScenarioJob => ({
  kind: 'scenario',
  scenario,
  variant,
  nodes: 2,
  seed: 1,
  full: false,
});

describe('a pool', () => {
  it('goes on when a run fails and when a worker is killed, and tells of both', async () => {
    const told: string[] = [];
    await runAllWith(
      STUB,
      ['dies', 'throws', 'good', 'good'].map((name) => job(name)),
      {
        onStarted: ({ scenario }) => told.push(`${scenario} started`),
        onProgress: ({ scenario }, at) => told.push(`${scenario} ${at}`),
        onDone: ({ scenario }, result) => told.push(`${scenario} ${JSON.stringify(result)}`),
        onFailed: ({ scenario }, problem) => told.push(`${scenario} ${problem}`),
      },
    );
    expect(told.toSorted()).toEqual([
      'dies its process ended with SIGKILL',
      'dies started',
      'good half way',
      'good half way',
      'good started',
      'good started',
      'good {"metrics":{"ms":1},"curves":{}}',
      'good {"metrics":{"ms":1},"curves":{}}',
      'throws Error: a story went wrong',
      'throws started',
    ]);
  });

  it('has no more processes than cores, each of which runs job after job and ends', async () => {
    const pids: number[] = [];
    await runAllWith(
      STUB,
      Array.from({ length: 3 * availableParallelism() }, (_, at) => job('tells', String(at))),
      {
        onDone: (_job, result) => pids.push((result as ScenarioResult).metrics['pid']!),
        onFailed: () => undefined,
      },
    );
    expect(pids).toHaveLength(3 * availableParallelism());
    expect(new Set(pids).size).toBeLessThanOrEqual(availableParallelism());
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('starts none any more once none may start', async () => {
    const started: string[] = [];
    await runAllWith(
      STUB,
      ['good', 'good', 'good', 'good', 'good', 'good'].map((name, at) => job(name, String(at))),
      {
        mayStart: () => started.length < 2,
        onStarted: ({ variant }) => started.push(variant),
        onDone: () => undefined,
        onFailed: () => undefined,
      },
    );
    expect(started).toEqual(['0', '1']);
  });

  it('leaves the signals of this process to others when it is done', async () => {
    const before = process.listenerCount('SIGINT');
    const handlers = { onDone: () => undefined, onFailed: () => undefined };
    await runAllWith(STUB, [job('good')], handlers);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('a pool whose process is told to stop', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s takes its busy workers along', async (signal, code) => {
    const pidFile = join(folder, 'worker.pid');
    const { code: pool } = await transformWithOxc(readFileSync(POOL, 'utf8'), POOL);
    writeFileSync(join(folder, 'pool.mjs'), pool);
    writeFileSync(
      join(folder, 'main.mjs'),
      `import { runAllWith } from './pool.mjs';
       const handlers = { onDone() {}, onFailed() {} };
       await runAllWith(${JSON.stringify(STUB)}, [${JSON.stringify(job('busy', pidFile))}], handlers);`,
    );
    const main = spawn(process.execPath, [join(folder, 'main.mjs')], { stdio: 'inherit' });
    const pid = await vi.waitUntil(() => (existsSync(pidFile) ? Number(readFileSync(pidFile)) : 0), 20_000);
    expect(isRunning(pid)).toBe(true);
    main.kill(signal);
    expect(await once(main, 'exit')).toEqual([code, null]);
    await vi.waitUntil(() => !isRunning(pid), 5_000);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
