/**
 * What a browser tells of sleep and of its network, as two things: the page has been away (`woke`), or is somewhere else
 * (`networkChanged`). A worker and Node tell less, and what nobody tells the node finds by its clocks.
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
  /** They have, most likely. */
  readonly networkChanged: () => void;
}

/** Until the signal aborts. */
export function followWakes(source: WakeSource, on: WakeHandlers, signal: AbortSignal): void {
  const { document } = source;
  // Without a network some links go on, such as those within this machine.
  source.addEventListener?.('offline', on.woke, { signal });
  source.addEventListener?.('online', on.networkChanged, { signal });
  document?.addEventListener('resume', on.woke, { signal });
  document?.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') on.woke();
    },
    { signal },
  );
}
