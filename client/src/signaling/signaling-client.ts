/**
 * The way to the signaling server: one WebSocket, redialled with jittered, growing pauses while it is
 * wanted. What the server sends is parsed strictly; what it must not see was encoded before it came here.
 */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import {
  SIGNALING_VERSION,
  parseServerMessage,
  signalingMessageToText,
  type ClientMessage,
  type ServerMessage,
} from '#shared/signaling/messages.ts';
import { utf8Length } from '#shared/wire/text.ts';
import { MeshError } from '../errors.ts';

export interface SignalingHandlers {
  readonly onStatus: (status: 'connecting' | 'open' | 'closed') => void;
  readonly onAttached: (contacts: readonly PeerId[]) => void;
  readonly onContacts: (contacts: readonly PeerId[]) => void;
  readonly onSignal: (from: PeerId, data: string) => void;
  /** A signal was carried to nobody: its target is not attached. */
  readonly onUnreachable: (to: PeerId) => void;
  readonly onDetached: () => void;
  /** The same trouble is told once, until a connection has worked again. */
  readonly onError: (error: MeshError) => void;
}

export interface SignalingClient {
  /** Dials until attached, and again whenever the connection is lost. Again: harmless. */
  readonly attach: () => void;
  /** Hangs up and stays away. */
  readonly detach: () => void;
  /** False while not attached; nothing is queued, for every signal has a timer behind it. */
  readonly signal: (to: PeerId, data: string) => boolean;
  readonly askContacts: () => void;
  readonly traffic: () => SignalingTraffic;
}

export interface SignalingTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Since anything went either way; `undefined` before the first. */
  readonly quietMs: number | undefined;
}

/** What this client needs of the world; tests give their own. */
export interface SignalingWorld {
  readonly createSocket: (url: string) => WebSocket;
  readonly instant: () => number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly fraction: () => number;
  readonly later: (run: () => void, ms: number) => void;
}

/** First pause, doubled each time up to the longest; each is then cut to a random half to whole of itself. */
export const REDIAL_MS_MIN: number = 500;
export const REDIAL_MS_MAX: number = 10_000;

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one socket's life and the redial behind it.
export function createSignalingClient(
  options: { readonly url: string; readonly room: RoomId; readonly id: PeerId },
  handlers: SignalingHandlers,
  world: SignalingWorld,
): SignalingClient {
  let wanted = false;
  let socket: WebSocket | undefined;
  let attached = false;
  let failures = 0;
  let sentBytes = 0;
  let receivedBytes = 0;
  let lastAt: number | undefined;
  /** Troubles told since a connection last worked; as many as there are codes. */
  const toldCodes = new Set<string>();
  /** The server answered this socket, and the answer was no. */
  let refused = false;
  /** Raised by every dial, so that a redial which is due after it is void. */
  let dialNumber = 0;

  return {
    attach: () => {
      if (wanted) return;
      wanted = true;
      failures = 0;
      dial();
    },
    detach: () => {
      wanted = false;
      const open = socket;
      lose();
      open?.close(1000);
      handlers.onStatus('closed');
    },
    signal: (to, data) => attached && send({ kind: 'signal', to, data }),
    askContacts: () => {
      if (attached) send({ kind: 'contacts' });
    },
    traffic: () => ({
      sentBytes,
      receivedBytes,
      quietMs: lastAt === undefined ? undefined : world.instant() - lastAt,
    }),
  };

  function dial(): void {
    dialNumber += 1;
    refused = false;
    handlers.onStatus('connecting');
    let dialled: WebSocket;
    try {
      dialled = world.createSocket(options.url);
    } catch {
      // A page may not speak to such an address at all (`ws:` from an `https:` page); no redial can help.
      wanted = false;
      tell(new MeshError('BAD_SIGNALING_URL', `This page may not open a WebSocket to ${options.url}.`));
      handlers.onStatus('closed');
      return;
    }
    socket = dialled;
    dialled.addEventListener('open', () => {
      if (socket !== dialled) return;
      send({ kind: 'join', version: SIGNALING_VERSION, room: options.room, id: options.id });
    });
    dialled.addEventListener('message', (event) => {
      if (socket === dialled) receive(event.data);
    });
    dialled.addEventListener('close', () => {
      if (socket !== dialled) return;
      lose();
      redial();
    });
  }

  function redial(): void {
    if (!wanted) return;
    handlers.onStatus('connecting');
    if (!refused) {
      tell(
        new MeshError(
          'SIGNALING_UNREACHABLE',
          `No signaling server answers at ${options.url}; trying again.`,
        ),
      );
    }
    const pause = Math.min(REDIAL_MS_MAX, REDIAL_MS_MIN * 2 ** failures);
    failures += 1;
    const lost = dialNumber;
    world.later(
      () => {
        if (wanted && lost === dialNumber) dial();
      },
      pause * (0.5 + world.fraction() / 2),
    );
  }

  function lose(): void {
    socket = undefined;
    if (!attached) return;
    attached = false;
    handlers.onDetached();
  }

  function send(message: ClientMessage): boolean {
    if (socket?.readyState !== 1) return false;
    const text = signalingMessageToText(message);
    sentBytes += utf8Length(text);
    lastAt = world.instant();
    socket.send(text);
    return true;
  }

  function receive(data: unknown): void {
    lastAt = world.instant();
    if (typeof data !== 'string') return;
    receivedBytes += utf8Length(data);
    const message = parseServerMessage(data);
    if (message.ok) onMessage(message.value);
  }

  function onMessage(message: ServerMessage): void {
    switch (message.kind) {
      case 'welcome':
        attached = true;
        failures = 0;
        toldCodes.clear();
        handlers.onStatus('open');
        return handlers.onAttached(message.contacts);
      case 'contacts':
        return handlers.onContacts(message.contacts);
      case 'signal':
        return handlers.onSignal(message.from, message.data);
      case 'unreachable':
        return handlers.onUnreachable(message.to);
      case 'error':
        // Once we are in, an error is about one message, which is lost. Our own last socket may still be
        // dying when we are back, so an id that is taken is ours, and free again in a moment.
        if (attached) return;
        refused = true;
        if (message.code !== 'id-taken')
          tell(new MeshError('SIGNALING_REFUSED', `The signaling server refused: ${message.message}`));
        return;
    }
  }

  function tell(error: MeshError): void {
    if (toldCodes.has(error.code)) return;
    toldCodes.add(error.code);
    handlers.onError(error);
  }
}
