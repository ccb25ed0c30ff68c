/**
 * A signaling server that listens and lies: the real one, in this process, with a hand on what comes in and on what
 * goes out. Tabs reach it by sockets in memory.
 */
import type { PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import {
  parseClientMessage,
  signalingMessageToText,
  type ClientMessage,
  type ServerMessage,
} from '#shared/signaling/messages.ts';
import { defaultServerConfig } from '#server/config.ts';
import { connectionId, type ConnectionId } from '#server/rooms.ts';
import { createSessions, type SessionEffect } from '#server/sessions.ts';
import type { TestClock } from './test-clock.ts';

export interface HostileServer {
  readonly createSocket: () => WebSocket;
  /** All that tabs have said to it. */
  readonly heard: ClientMessage[];
  /** Signals that it has carried, with their receivers. */
  readonly carried: { readonly to: PeerId; readonly message: ServerMessage }[];
  /** What comes in is taken for what this makes of it. */
  rewrite: (message: ClientMessage) => ClientMessage;
  /** What would go out goes only if this holds. */
  carries: (message: ServerMessage, to: PeerId | undefined) => boolean;
  /** Says this to a tab of its own accord. */
  readonly say: (to: PeerId, message: ServerMessage) => void;
}

const WAY_MS = 10;

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one server.
export function createHostileServer(clock: TestClock): HostileServer {
  const sessions = createSessions(defaultServerConfig, createRng([7]), clock.now().instant);
  const socketByConnection = new Map<ConnectionId, ReturnType<typeof createPipe>>();
  const idByConnection = new Map<ConnectionId, PeerId>();
  let connections = 0;

  const server: HostileServer = {
    heard: [],
    carried: [],
    rewrite: (message) => message,
    carries: () => true,
    createSocket: () => {
      const connection = connectionId((connections += 1));
      const pipe = createPipe({
        onText: (text) => void clock.later(() => receive(connection, text), WAY_MS),
        onClose: () => {
          sessions.forget(connection);
          socketByConnection.delete(connection);
        },
      });
      socketByConnection.set(connection, pipe);
      clock.later(() => {
        carryOut(sessions.open(connection, clock.now().instant));
        pipe.open();
      }, WAY_MS);
      return pipe.socket;
    },
    say: (to, message) => {
      for (const [connection, id] of idByConnection) {
        if (id === to) socketByConnection.get(connection)?.say(signalingMessageToText(message));
      }
    },
  };

  const receive = (connection: ConnectionId, text: string): void => {
    const parsed = parseClientMessage(text);
    if (!parsed.ok) throw new Error(`a tab said no message: ${parsed.error.detail}`);
    server.heard.push(parsed.value);
    if (parsed.value.kind === 'join') idByConnection.set(connection, parsed.value.id);
    const taken = signalingMessageToText(server.rewrite(parsed.value));
    const frame = { kind: 'text', text: taken, bytes: taken.length } as const;
    carryOut(sessions.receive(connection, frame, clock.now().instant));
  };

  const carryOut = (effects: readonly SessionEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { to: connection, message } = effect;
      const to = idByConnection.get(connection);
      if (message.kind === 'signal' && to !== undefined) server.carried.push({ to, message });
      if (!server.carries(message, to)) continue;
      clock.later(() => socketByConnection.get(connection)?.say(signalingMessageToText(message)), WAY_MS);
    }
  };

  return server;
}

/** One socket, as a page sees it, and the other end. */
function createPipe(ends: { readonly onText: (text: string) => void; readonly onClose: () => void }) {
  const target = new EventTarget();
  const face = Object.assign(target, {
    readyState: 0,
    send: ends.onText,
    close: () => {
      face.readyState = 3;
      ends.onClose();
    },
  });
  return {
    socket: face as unknown as WebSocket,
    open: (): void => {
      if (face.readyState !== 0) return;
      face.readyState = 1;
      target.dispatchEvent(new Event('open'));
    },
    say: (data: string): void => {
      if (face.readyState === 1) target.dispatchEvent(Object.assign(new Event('message'), { data }));
    },
  };
}
