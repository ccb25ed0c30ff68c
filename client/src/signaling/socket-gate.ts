/** Holds a socket to the server while three agree: the node, which knows whether it should, the application, which may forbid it, and the page, which is there. */
import type { SignalingClient } from './signaling-client.ts';

export interface SocketGate {
  /** The node wants the server, or lets go of it. */
  readonly setWanted: (wanted: boolean) => void;
  /** The application lets it have one, or not. */
  readonly setAllowed: (allowed: boolean) => void;
  /** The page is put away: no socket is opened any more, and what there is stays until it is hung up. Not away before it is said. */
  readonly setAway: (away: boolean) => void;
  readonly hangUp: () => void;
}

/** Not allowed before it is said. `onReleased`: the node has let go, of an open socket or of a dial. */
export function createSocketGate(
  signaling: Pick<SignalingClient, 'attach' | 'detach'>,
  onReleased: () => void,
): SocketGate {
  let wanted = false;
  let allowed = false;
  let away = false;
  const isFree = (): boolean => allowed && !away;
  const attachIfWanted = (): void => {
    if (isFree() && wanted) signaling.attach();
  };
  return {
    setWanted: (next) => {
      wanted = next;
      if (!isFree()) return;
      if (wanted) return signaling.attach();
      onReleased();
      signaling.detach();
    },
    setAllowed: (next) => {
      allowed = next;
      if (!allowed) signaling.detach();
      attachIfWanted();
    },
    setAway: (next) => {
      away = next;
      attachIfWanted();
    },
    hangUp: signaling.detach,
  };
}
