/** The process behind the pool: runs the jobs that it is sent, says what each came to, and ends when it is let go. */
import process from 'node:process';
import { runJob, type Job } from './jobs.ts';
import type { Said } from './pool.ts';

const say = (said: Said): void => void process.send?.(said);
const parent = process.ppid;

function progress(at: string): void {
  // Who was killed with SIGKILL could not take its workers along.
  if (process.ppid !== parent) process.exit(1);
  say({ kind: 'progress', at });
}

process.on('message', (job: Job) => {
  try {
    say({ kind: 'done', result: runJob(job, progress) });
  } catch (problem) {
    const text = problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
    say({ kind: 'failed', problem: text });
  }
});
