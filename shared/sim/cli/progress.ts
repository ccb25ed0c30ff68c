/** How far a bench is, for who waits for it: a line for each run that ends, and what is running meanwhile. */
import { placeOf, type ScenarioJob } from './jobs.ts';

/** Where nothing can be overwritten, what is running is told this often. */
const TELL_EVERY_MS = 20_000;

export interface Screen {
  readonly write: (text: string) => void;
  /** The last line may be overwritten. */
  readonly isTerminal: boolean;
  /** Characters a line holds. */
  readonly columns: number;
  /** For durations alone. */
  readonly nowMs: () => number;
}

export interface Progress {
  readonly started: (job: ScenarioJob) => void;
  readonly at: (job: ScenarioJob, at: string) => void;
  readonly ended: (job: ScenarioJob, failed: boolean) => void;
  /** To be called about once a second. */
  readonly tick: () => void;
  /** Takes away what was to be overwritten. */
  readonly close: () => void;
}

interface Running {
  readonly sinceMs: number;
  at: string;
}

export function createProgress(screen: Screen, total: number): Progress {
  const { write, isTerminal, columns, nowMs } = screen;
  const startedMs = nowMs();
  const running = new Map<ScenarioJob, Running>();
  let ended = 0;
  let toldMs = startedMs;

  const wipe = (): void => {
    if (isTerminal) write('\r\x1B[2K');
  };
  const head = (): string => `${minutes(nowMs() - startedMs).padStart(9)}  ${ended} of ${total}`;
  const tellRunning = (): void => {
    if (running.size === 0) return;
    const jobs = [...running].map(
      ([job, { sinceMs, at }]) =>
        `${titleOf(job)} (${[at, minutes(nowMs() - sinceMs)].filter((text) => text !== '').join(', ')})`,
    );
    const line = `${head()}  running: ${jobs.join('; ')}`;
    wipe();
    write(isTerminal ? line.slice(0, columns - 1) : `${line}\n`);
    toldMs = nowMs();
  };
  const tellNow = (): void => {
    if (isTerminal) tellRunning();
  };
  return {
    started(job) {
      running.set(job, { sinceMs: nowMs(), at: '' });
      tellNow();
    },
    at(job, at) {
      const run = running.get(job);
      if (run) run.at = at;
      tellNow();
    },
    ended(job, failed) {
      const { sinceMs } = running.get(job) ?? { sinceMs: nowMs() };
      running.delete(job);
      ended += 1;
      wipe();
      write(`${head()}  ${titleOf(job)} ${failed ? 'FAILED' : 'done'} in ${minutes(nowMs() - sinceMs)}\n`);
      toldMs = nowMs();
      tellNow();
    },
    tick() {
      if (isTerminal || nowMs() - toldMs >= TELL_EVERY_MS) tellRunning();
    },
    close: wipe,
  };
}

const titleOf = (job: ScenarioJob): string => `${placeOf(job)} seed ${job.seed}`;

/** `48 s`, `3 min 07 s`. */
function minutes(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
