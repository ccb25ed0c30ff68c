/** Runs jobs in processes of their own, as many at once as there are cores. None outlives this process. */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism, constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { Job, JobResult } from './jobs.ts';

/** What a worker says. */
export type Said =
  | { readonly kind: 'progress'; readonly at: string }
  | { readonly kind: 'done'; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly problem: string };

export interface PoolHandlers<J extends Job> {
  readonly onDone: (job: J, result: JobResult) => void;
  readonly onFailed: (job: J, problem: string) => void;
  readonly onStarted?: (job: J) => void;
  readonly onProgress?: (job: J, at: string) => void;
  /** Asked before each job; once it says no, none is started any more. */
  readonly mayStart?: () => boolean;
}

/** Runs all of them that may start, in their order, and resolves when the last has ended, well or not. */
export type RunAll = <J extends Job>(jobs: readonly J[], handlers: PoolHandlers<J>) => Promise<void>;

/** Beside the entry that runs: this file is bundled into a chunk that may lie elsewhere. */
const WORKER = join(dirname(process.argv[1] ?? ''), 'worker.js');
/** Young objects die young in a simulation: a large nursery halves the time spent on garbage. */
const NODE_ARGS: readonly string[] = ['--max-semi-space-size=64', '--max-old-space-size=8192'];
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Each job gets a fresh process, so that none inherits another's heap. */
export const runAll: RunAll = (jobs, handlers) => runAllWith(WORKER, jobs, handlers);

/** The same with another program for a worker. */
export async function runAllWith<J extends Job>(
  worker: string,
  jobs: readonly J[],
  handlers: PoolHandlers<J>,
): Promise<void> {
  const running = new Set<ChildProcess>();
  const release = tieTo(running);
  const waiting = [...jobs];
  const runNext = async (): Promise<void> => {
    while (handlers.mayStart?.() ?? true) {
      const job = waiting.shift();
      if (job === undefined) return;
      await runOne(fork(worker, { execArgv: [...NODE_ARGS] }), job, { running, handlers });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, runNext));
  } finally {
    release();
  }
}

interface Run<J extends Job> {
  readonly running: Set<ChildProcess>;
  readonly handlers: PoolHandlers<J>;
}

function runOne<J extends Job>(worker: ChildProcess, job: J, { running, handlers }: Run<J>): Promise<void> {
  running.add(worker);
  handlers.onStarted?.(job);
  return new Promise((resolve) => {
    let answered = false;
    worker.on('message', (said: Said) => {
      if (said.kind === 'progress') return handlers.onProgress?.(job, said.at);
      answered = true;
      if (said.kind === 'done') handlers.onDone(job, said.result);
      else handlers.onFailed(job, said.problem);
    });
    // One that is gone before it was sent its job: its exit tells of it.
    worker.on('error', () => undefined);
    worker.on('exit', (code, signal) => {
      running.delete(worker);
      if (!answered) handlers.onFailed(job, `its process ended with ${String(signal ?? code)}`);
      resolve();
    });
    worker.send(job);
  });
}

/**
 * The workers end when this process does. They are too busy to notice that it is gone or that a signal came, so they
 * are killed. Returns what unties them.
 */
function tieTo(running: ReadonlySet<ChildProcess>): () => void {
  const killAll = (): void => running.forEach((worker) => void worker.kill('SIGKILL'));
  process.on('exit', killAll);
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  return () => {
    process.off('exit', killAll);
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
  };
}

/** As a shell tells that a signal ended it. */
const stop = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
