/** Slows things down: drawing to the screen's rate, sending to a bearable one. */

/** Something asked for often and done at its own pace. */
export interface Pace {
  /** Asks for a run: at once if the last is long enough ago, else as soon as it is. */
  readonly request: () => void;
  /** Runs now if a run is owed. */
  readonly flush: () => void;
  /** Forgets what is owed. */
  readonly cancel: () => void;
  readonly isOwed: () => boolean;
}

export function createPace(intervalMs: number, run: () => void): Pace {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ranAt = -Infinity;
  const cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const runNow = (): void => {
    cancel();
    ranAt = performance.now();
    run();
  };
  const request = (): void => {
    if (timer !== undefined) return;
    const waitMs = ranAt + intervalMs - performance.now();
    if (waitMs <= 0) runNow();
    else timer = setTimeout(runNow, waitMs);
  };
  const flush = (): void => {
    if (timer !== undefined) runNow();
  };
  return { request, flush, cancel, isOwed: () => timer !== undefined };
}

/** How stale a hidden page may become: it gets no animation frames. */
const HIDDEN_DRAW_MS: number = 250;

/** Draws at most once per frame; a hidden page draws by timer, so that it is right when it is looked at. */
export function createFrame(draw: () => void): () => void {
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drawNow = (): void => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = undefined;
    draw();
  };
  return () => {
    if (frame !== undefined) return;
    frame = requestAnimationFrame(drawNow);
    timer = setTimeout(drawNow, HIDDEN_DRAW_MS);
  };
}
