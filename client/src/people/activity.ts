/**
 * Whether somebody is at this page: apart from whether its tab lives, which is membership's affair. It travels as a field
 * of presence that no application can name, so that it costs nothing while it does not change.
 */
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import type { Activity, Value } from '../types.ts';

/** The field of presence that tells it; names of applications are not empty. */
export const ACTIVITY_FIELD = '';

/** After so long without input a page is idle, unless told otherwise. */
export const IDLE_MS: number = 60_000;

/** What shows that somebody is there. Focus comes with a switch to this window. */
const INPUTS = ['pointerdown', 'pointermove', 'wheel', 'keydown', 'touchstart', 'focus'] as const;

/** The part of a page that tells; a worker and Node have no document, and are active all the time. */
export interface ActivitySource {
  readonly addEventListener?:
    ((type: string, run: () => void, options: AddEventListenerOptions) => void) | undefined;
  readonly document?:
    (Pick<EventTarget, 'addEventListener'> & { readonly visibilityState: string }) | undefined;
}

export interface ActivityWorld {
  readonly instant: () => Instant;
  /** Returns a way to give it up. */
  readonly later: (run: () => void, ms: number) => () => void;
  /** Told when it changes; it begins as `active`. */
  readonly onChange: (activity: Activity) => void;
}

/** Until the signal aborts. */
export function followActivity(
  source: ActivitySource,
  idleMs: number,
  { instant, later, onChange }: ActivityWorld,
  signal: AbortSignal,
): void {
  const { document } = source;
  if (!document || signal.aborted) return;
  let activity: Activity = 'active';
  let inputAt = instant();
  let cancel: (() => void) | undefined;

  const change = (next: Activity): void => {
    if (next === activity) return;
    activity = next;
    onChange(next);
  };
  /** One timer for all input: it looks when the last one was. */
  const look = (): void => {
    const leftMs = idleMs - elapsedMs(inputAt, instant());
    cancel = leftMs > 0 ? later(look, leftMs) : undefined;
    if (leftMs <= 0) change('idle');
  };
  const onInput = (): void => {
    inputAt = instant();
    if (document.visibilityState === 'hidden') return;
    change('active');
    cancel ??= later(look, idleMs);
  };
  const onVisibility = (): void => {
    if (document.visibilityState !== 'hidden') return onInput();
    cancel?.();
    cancel = undefined;
    change('away');
  };

  // A signal of its own: so many listeners on the caller's, Node would take for a leak.
  const over = new AbortController();
  const following = { signal: over.signal };
  // Ahead of whoever stops an event from going further.
  for (const type of INPUTS)
    source.addEventListener?.(type, onInput, { ...following, capture: true, passive: true });
  document.addEventListener('visibilitychange', onVisibility, following);
  const end = (): void => {
    cancel?.();
    over.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  onVisibility();
}

/** As the field says it; nobody says that it is active. */
export const activityToValue = (activity: Activity): Value | undefined =>
  activity === 'active' ? undefined : activity;

/** Of others it may be anything. */
export const valueToActivity = (value: Value | undefined): Activity =>
  value === 'idle' || value === 'away' ? value : 'active';
