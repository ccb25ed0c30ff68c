/**
 * What a browser tells of sleep, of its network, and of pages that are left. A worker and Node tell less, and what nobody
 * tells the node finds by its clocks.
 */

/** The part of a global object that tells. */
export interface WakeSource {
  readonly addEventListener?:
    | ((type: string, run: (event: Event) => void, options: { readonly signal: AbortSignal }) => void)
    | undefined;
  readonly document?:
    (Pick<EventTarget, 'addEventListener'> & { readonly visibilityState: string }) | undefined;
}

export interface WakeHandlers {
  /** Links and sockets may have died meanwhile. */
  readonly woke: () => void;
  /** The same after a long freeze: what waits in the socket is of attempts that are over. */
  readonly thawed: () => void;
  /** Links and sockets have died, most likely. */
  readonly networkChanged: () => void;
  /** The page goes, perhaps into the browser's memory: where it keeps a connection it never does, so all of them end now. */
  readonly stored: () => void;
  /** It is shown again from there. */
  readonly restored: () => void;
  /** It goes for good. */
  readonly gone: () => void;
}

/** An attempt takes no longer, but for one that is prolonged. */
const FROZEN_MS = 10_000;

/** Until the signal aborts. */
export function followWakes(source: WakeSource, on: WakeHandlers, signal: AbortSignal): void {
  const { document } = source;
  // Without a network some links go on, such as those within this machine.
  source.addEventListener?.('offline', on.woke, { signal });
  source.addEventListener?.('online', on.networkChanged, { signal });
  // A tab that closes, reloads or navigates says goodbye; `beforeunload` would come too early and too often.
  source.addEventListener?.('pagehide', (event) => (isKept(event) ? on.stored() : on.gone()), { signal });
  source.addEventListener?.('pageshow', (event) => isKept(event) && on.restored(), { signal });
  let frozenAt = Infinity;
  document?.addEventListener('freeze', ({ timeStamp }) => void (frozenAt = timeStamp), { signal });
  document?.addEventListener(
    'resume',
    ({ timeStamp }) => {
      if (timeStamp - frozenAt >= FROZEN_MS) on.thawed();
      else on.woke();
    },
    { signal },
  );
  document?.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') on.woke();
    },
    { signal },
  );
}

/** Also true of pages that the browser will not keep after all: it does not know yet. */
function isKept(event: Event): boolean {
  return 'persisted' in event && event.persisted === true;
}
