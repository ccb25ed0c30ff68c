/** Native events with typed details, and `on()` for those who want the detail alone. */
import { isolate } from './isolate.ts';
import { createUnsubscribe } from './readable.ts';
import type { MeshEvents, MeshEventSource, PresenceFields } from './types.ts';

export interface EventHub<P extends PresenceFields> extends MeshEventSource<P> {
  readonly emit: <K extends keyof MeshEvents<P>>(type: K, detail: MeshEvents<P>[K]) => void;
}

export function createEventHub<P extends PresenceFields>(): EventHub<P> {
  const target = new EventTarget();
  return {
    emit: (type, detail) => {
      // EventTarget reports a listener's exception and goes on with the others.
      target.dispatchEvent(new CustomEvent(type, { detail }));
    },
    on: (type, run, options = {}) => {
      const listener = (event: Event): void => isolate(() => run((event as CustomEvent).detail));
      target.addEventListener(type, listener, options.signal ? { signal: options.signal } : {});
      return createUnsubscribe(() => target.removeEventListener(type, listener), options);
    },
    addEventListener: (type, listener, options) => {
      target.addEventListener(type, listener as EventListener, options);
    },
    removeEventListener: (type, listener, options) => {
      target.removeEventListener(type, listener as EventListener, options);
    },
  };
}
