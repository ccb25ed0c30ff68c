/**
 * The way to the signaling server: one WebSocket, redialled with jittered, growing pauses while it is
 * wanted. What the server sends is parsed strictly; what it must not see was encoded before it came here.
 */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { after, elapsedMs, type Instant } from '#shared/base/time.ts';
import {
  SIGNALING_VERSION,
  parseServerMessage,
  signalingMessageToText,
  type ClientMessage,
  type Namesake,
  type ServerMessage,
} from '#shared/signaling/messages.ts';
import { utf8Length } from '#shared/wire/text.ts';
import { MeshError } from '../errors.ts';
import type { WrongKeySign } from '../room/wrong-key.ts';
import { createSignalBudget } from './signal-budget.ts';

export interface SignalingHandlers {
  readonly onStatus: (status: 'connecting' | 'open' | 'closed') => void;
  readonly onAttached: (contacts: readonly PeerId[]) => void;
  readonly onContacts: (contacts: readonly PeerId[]) => void;
  /** Who is attached, this tab included. */
  readonly onListed: (ids: readonly PeerId[]) => void;
  readonly onSignal: (from: PeerId, data: string) => void;
  /** A signal was carried to nobody: its target is not attached. */
  readonly onUnreachable: (to: PeerId) => void;
  /** In a room with a key, something makes it look like the wrong one. */
  readonly onWrongKey: (sign: WrongKeySign) => void;
  readonly onDetached: () => void;
  /** A dial came to nothing, or the connection was lost; it is dialled again. */
  readonly onDialLost: () => void;
  /** Something that the server said was no message, and was dropped. */
  readonly onRefused: (reason: string) => void;
  /** The same trouble is told once, until a connection has worked for a while. */
  readonly onError: (error: MeshError) => void;
}

export interface SignalingClient {
  /** Dials until attached, and again whenever the connection is lost. Again: ends a pause between two dials. */
  readonly attach: () => void;
  /** There may be a way now: a dial that waits for its time is made at once. */
  readonly hurry: () => void;
  /** The network is another, or the page was frozen: whatever connection there is leads nowhere, or holds what is over, so one is dialled at once. */
  readonly renew: () => void;
  /** Hangs up and stays away. */
  readonly detach: () => void;
  /** False while not attached or when too much was said; nothing is queued, for every signal has a timer behind it. */
  readonly signal: (to: PeerId, data: string) => boolean;
  readonly askContacts: () => void;
  readonly traffic: () => SignalingTraffic;
}

export interface SignalingOptions {
  readonly url: string;
  /** As the server may know it. */
  readonly room: RoomId;
  readonly id: PeerId;
  /** Of a room with a key; asked for when attached, at each attachment, for it takes a while to compute. */
  readonly namesake?: (() => Promise<Namesake>) | undefined;
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
  readonly instant: () => Instant;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly fraction: () => number;
  readonly later: (run: () => void, ms: number) => void;
}

/**
 * First pause, doubled each time up to the longest; each is then cut to a random half to whole of itself. After an outage a
 * room is whole again some two seconds after the first dial that succeeds, and that is to be within eight.
 */
export const REDIAL_MS_MIN: number = 500;
export const REDIAL_MS_MAX: number = 6_000;
/** Time for the welcome, from the dial on, and for the answer to a question. Guess: a slow handshake takes 3 s. */
export const ANSWER_MS: number = 10_000;
/** A timer later than this was not merely held up. */
const SLEPT_MS: number = 1_000;
/** A connection that has held for so long has worked: pauses begin with the shortest again, and troubles are told anew. */
export const STEADY_MS: number = 10_000;

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one socket's life and the redial behind it.
export function createSignalingClient(
  options: SignalingOptions,
  handlers: SignalingHandlers,
  world: SignalingWorld,
): SignalingClient {
  let wanted = false;
  let socket: WebSocket | undefined;
  let attached = false;
  let failures = 0;
  let sentBytes = 0;
  let receivedBytes = 0;
  let lastAt: Instant | undefined;
  /** Of this socket. */
  let budget = createSignalBudget(world.instant());
  /** Messages heard, of any socket: what is the same after a while has met silence. */
  let heard = 0;
  /** A question waits for its answer. */
  let asking = false;
  /** Troubles told since a connection last worked; as many as there are codes. */
  const toldCodes = new Set<string>();
  /** The server answered this socket, and the answer was no. */
  let refused = false;
  /** Raised by every dial, so that a redial which is due after it is void. */
  let dialNumber = 0;

  return {
    attach: () => {
      if (wanted) return hurry();
      wanted = true;
      failures = 0;
      dial();
    },
    hurry,
    renew: () => {
      if (!wanted) return;
      const old = socket;
      lose();
      failures = 0;
      dial();
      old?.close(1000);
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
      if (attached && send({ kind: 'contacts' }) && !asking) awaitAnswer();
    },
    traffic: () => ({
      sentBytes,
      receivedBytes,
      quietMs: lastAt === undefined ? undefined : world.instant() - lastAt,
    }),
  };

  function hurry(): void {
    if (wanted && !socket) dial();
  }

  function dial(): void {
    dialNumber += 1;
    refused = false;
    asking = false;
    budget = createSignalBudget(world.instant());
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
      if (socket === dialled) redial();
    });
    // A server that accepts and says nothing is as good as none.
    laterOnSame(() => {
      if (!attached) giveUp();
    }, ANSWER_MS);
  }

  /** Any word shows that it is there: the answer itself may have been refused as one too many. */
  function awaitAnswer(): void {
    const before = heard;
    asking = true;
    laterOnSame(() => {
      asking = false;
      if (heard === before) giveUp();
    }, ANSWER_MS);
  }

  /**
   * Runs later, if the socket is still the same then. A timer that is itself far too late shows that the page slept:
   * what has come meanwhile still waits its turn, so it gets its time once more.
   */
  function laterOnSame(run: () => void, ms: number): void {
    const current = socket;
    const dueAt = after(world.instant(), ms);
    world.later(() => {
      if (!socket || socket !== current) return;
      if (elapsedMs(dueAt, world.instant()) > SLEPT_MS) laterOnSame(run, ms);
      else run();
    }, ms);
  }

  function giveUp(): void {
    const silent = socket;
    redial();
    silent?.close();
  }

  /** The socket is lost. */
  function redial(): void {
    const worked = attached;
    lose();
    if (!wanted) return;
    handlers.onStatus('connecting');
    handlers.onDialLost();
    // One that is lost may be back with the next dial, as after a sleep: no trouble yet.
    if (!refused && !(worked && failures === 0)) {
      const what = worked
        ? `The connection to the signaling server at ${options.url} was lost again`
        : `No signaling server answers at ${options.url}`;
      tell(new MeshError('SIGNALING_UNREACHABLE', `${what}; trying again.`));
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
    const bytes = utf8Length(text);
    const at = world.instant();
    if (!budget.admit(bytes, at)) return false;
    sentBytes += bytes;
    lastAt = at;
    socket.send(text);
    return true;
  }

  function receive(data: unknown): void {
    lastAt = world.instant();
    if (typeof data !== 'string') return handlers.onRefused('bad-message');
    receivedBytes += utf8Length(data);
    const message = parseServerMessage(data);
    if (!message.ok) return handlers.onRefused(message.error.code);
    heard += 1;
    onMessage(message.value);
  }

  function onMessage(message: ServerMessage): void {
    switch (message.kind) {
      case 'welcome':
        attached = true;
        laterOnSame(noteSteady, STEADY_MS);
        handlers.onStatus('open');
        giveNamesake();
        return handlers.onAttached(message.contacts);
      case 'contacts':
        return handlers.onContacts(message.contacts);
      case 'attached':
        return handlers.onListed(message.ids);
      case 'signal':
        return handlers.onSignal(message.from, message.data);
      case 'unreachable':
        return handlers.onUnreachable(message.to);
      case 'namesakes':
        return handlers.onWrongKey('namesakes');
      case 'error':
        // Once we are in, an error is about one message, which is lost. Our own last socket may still be
        // dying when we are back, so an id that is taken is ours, and free again in a moment. And who was frozen
        // between the open socket and its join comes too late once.
        if (attached) return;
        refused = true;
        if (message.code !== 'id-taken' && !(message.code === 'not-joined' && failures === 0))
          tell(new MeshError('SIGNALING_REFUSED', `The signaling server refused: ${message.message}`));
        return;
    }
  }

  function giveNamesake(): void {
    const current = socket;
    void options.namesake?.().then((name) => {
      if (attached && socket === current) send({ kind: 'namesake', name });
    });
  }

  function noteSteady(): void {
    failures = 0;
    toldCodes.clear();
  }

  function tell(error: MeshError): void {
    if (toldCodes.has(error.code)) return;
    toldCodes.add(error.code);
    handlers.onError(error);
  }
}
