/** Runs jobs in processes of their own, as many at once as there are cores. */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
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
  readonly onProgress?: (job: J, at: string) => void;
}

/** Beside the entry that runs: this file is bundled into a chunk that may lie elsewhere. */
const WORKER = join(dirname(process.argv[1] ?? ''), 'worker.js');
/** Young objects die young in a simulation: a large nursery halves the time spent on garbage. */
const NODE_ARGS: readonly string[] = ['--max-semi-space-size=64', '--max-old-space-size=8192'];

/** Resolves when all jobs have ended, well or not. Each runs in a fresh process, so that none inherits another's heap. */
export async function runAll<J extends Job>(jobs: readonly J[], handlers: PoolHandlers<J>): Promise<void> {
  const waiting = [...jobs];
  const runNext = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await runOne(job, handlers);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, runNext));
}

function runOne<J extends Job>(job: J, handlers: PoolHandlers<J>): Promise<void> {
  const worker: ChildProcess = fork(WORKER, {
    execArgv: [...NODE_ARGS],
  });
  return new Promise((resolve) => {
    let answered = false;
    worker.on('message', (said: Said) => {
      if (said.kind === 'progress') return handlers.onProgress?.(job, said.at);
      answered = true;
      if (said.kind === 'done') handlers.onDone(job, said.result);
      else handlers.onFailed(job, said.problem);
    });
    worker.on('exit', (code, signal) => {
      if (!answered) handlers.onFailed(job, `its process ended with ${String(signal ?? code)}`);
      resolve();
    });
    worker.send(job);
  });
}
