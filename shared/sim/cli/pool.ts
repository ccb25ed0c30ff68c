/** Runs jobs in other processes, as many at once as there are cores. None outlives this process. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
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

/** As many processes as cores, each of which runs job after job: what it has compiled for one serves the next. */
export const runAll: RunAll = (jobs, handlers) => runAllWith(WORKER, jobs, handlers);

/** The same with another program for a worker. */
export async function runAllWith<J extends Job>(
  workerFile: string,
  jobs: readonly J[],
  handlers: PoolHandlers<J>,
): Promise<void> {
  const running = new Set<ChildProcess>();
  const release = tieTo(running);
  const waiting = [...jobs];
  const runInTurn = async (): Promise<void> => {
    let worker: ChildProcess | undefined;
    while (handlers.mayStart?.() ?? true) {
      const job = waiting.shift();
      if (job === undefined) break;
      if (!isUp(worker)) worker = startWorker(workerFile, running);
      await runOne(worker, job, handlers);
    }
    await ended(worker);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, runInTurn));
  } finally {
    release();
  }
}

function startWorker(file: string, running: Set<ChildProcess>): ChildProcess {
  const worker = fork(file, { execArgv: [...NODE_ARGS] });
  running.add(worker);
  // One that is gone before it was sent its job: its exit tells of it.
  return worker.on('error', () => undefined).once('exit', () => running.delete(worker));
}

/** It may be known to have ended before it is known to be disconnected. */
function isUp(worker: ChildProcess | undefined): worker is ChildProcess {
  return worker?.connected === true && worker.exitCode === null && worker.signalCode === null;
}

function runOne<J extends Job>(worker: ChildProcess, job: J, handlers: PoolHandlers<J>): Promise<void> {
  handlers.onStarted?.(job);
  return new Promise((resolve) => {
    const onSaid = (said: Said): void => {
      if (said.kind === 'progress') return handlers.onProgress?.(job, said.at);
      worker.off('exit', onExit);
      if (said.kind === 'done') handlers.onDone(job, said.result);
      else handlers.onFailed(job, said.problem);
      finish();
    };
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      handlers.onFailed(job, `its process ended with ${String(signal ?? code)}`);
      finish();
    };
    const finish = (): void => {
      worker.off('message', onSaid);
      resolve();
    };
    worker.on('message', onSaid).once('exit', onExit);
    worker.send(job);
  });
}

/** A worker that nobody is connected to ends. */
async function ended(worker: ChildProcess | undefined): Promise<void> {
  if (!isUp(worker)) return;
  worker.disconnect();
  await once(worker, 'exit');
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
