/** Holds a socket to the server while two agree: the node, which knows whether it should, and the application, which may forbid it. */
import type { SignalingClient } from './signaling-client.ts';

export interface SocketGate {
  /** The node wants the server, or lets go of it. */
  readonly setWanted: (wanted: boolean) => void;
  /** The application lets it have one, or not. */
  readonly setAllowed: (allowed: boolean) => void;
}

/** Not allowed before it is said. `onReleased`: the node has let go, of an open socket or of a dial. */
export function createSocketGate(
  signaling: Pick<SignalingClient, 'attach' | 'detach'>,
  onReleased: () => void,
): SocketGate {
  let wanted = false;
  let allowed = false;
  return {
    setWanted: (next) => {
      wanted = next;
      if (!allowed) return;
      if (wanted) return signaling.attach();
      onReleased();
      signaling.detach();
    },
    setAllowed: (next) => {
      allowed = next;
      if (!allowed) signaling.detach();
      else if (wanted) signaling.attach();
    },
  };
}
