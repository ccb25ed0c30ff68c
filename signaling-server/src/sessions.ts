/**
 * What the server does about each connection: checks and bounds what comes in, lets the rooms answer,
 * counts errors, pings, and says whom to close. Pure: it returns effects and is told the time; the
 * sockets are elsewhere.
 *
 * A connection that is to be closed is forgotten in the same step, so nothing it still sends has an effect.
 */
import { unreachable } from '#shared/base/assert.ts';
import { err, type Result } from '#shared/base/result.ts';
import type { Rng } from '#shared/base/rng.ts';
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import {
  closeCodes,
  parseClientMessage,
  type ClientMessage,
  type CloseCode,
  type Join,
  type ServerMessage,
  type SignalingErrorCode,
} from '#shared/signaling/messages.ts';
import type { ServerConfig } from './config.ts';
import { createConnectionLimits, type ConnectionLimits } from './limits.ts';
import { because, closesWith, errorMessage, type Refusal } from './refusals.ts';
import { createRooms, type ConnectionId, type Rooms, type RoomsAnswer, type RoomsCount } from './rooms.ts';

/** What a connection sent. Controls are WebSocket pings and pongs. */
export type Frame =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'binary'; readonly bytes: number }
  | { readonly kind: 'control' };

export type SessionEffect =
  | { readonly kind: 'send'; readonly to: ConnectionId; readonly message: ServerMessage }
  | { readonly kind: 'ping'; readonly to: ConnectionId }
  /** Close with a handshake. */
  | { readonly kind: 'close'; readonly connection: ConnectionId; readonly code: CloseCode }
  /** Cut: nobody is there to shake hands with. */
  | { readonly kind: 'drop'; readonly connection: ConnectionId };

export interface Sessions {
  readonly open: (connection: ConnectionId, now: Instant) => readonly SessionEffect[];
  readonly receive: (connection: ConnectionId, frame: Frame, now: Instant) => readonly SessionEffect[];
  /** The socket is gone, or reads too slowly and is being closed. */
  readonly forget: (connection: ConnectionId) => void;
  /** Every `pingIntervalMs`, more or less: an early, late or repeated tick only moves the next ping. */
  readonly tick: (now: Instant) => readonly SessionEffect[];
  /** Every `listIntervalMs`, more or less: tells those in rooms that have changed who is attached there. */
  readonly announce: () => readonly SessionEffect[];
  /** The server stops: tells and closes everyone. */
  readonly shutdown: () => readonly SessionEffect[];
  readonly count: () => RoomsCount;
}

interface Session {
  readonly connection: ConnectionId;
  readonly openedAt: Instant;
  readonly limits: ConnectionLimits;
  /** Pings sent since the last sign of life. */
  pingsMissed: number;
  /** When it was last asked whether it lives, because another joined under its id, and whether anything came since. */
  asked: { readonly at: Instant; readonly answered: boolean } | undefined;
}

/** `rng` draws the contacts; `startedAt` is when the server began to listen. */
// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the connections of one server.
export function createSessions(config: ServerConfig, rng: Rng, startedAt: Instant): Sessions {
  const rooms = createRooms(config, rng, startedAt);
  /** Bounded by `connectionsMax`. */
  const sessionByConnection = new Map<ConnectionId, Session>();

  const open = (connection: ConnectionId, now: Instant): readonly SessionEffect[] => {
    if (sessionByConnection.size >= config.connectionsMax) return end(connection, 'server-full');
    const limits = createConnectionLimits(config, now);
    sessionByConnection.set(connection, {
      connection,
      openedAt: now,
      limits,
      pingsMissed: 0,
      asked: undefined,
    });
    return [];
  };

  const receive = (connection: ConnectionId, frame: Frame, now: Instant): readonly SessionEffect[] => {
    const session = sessionByConnection.get(connection);
    if (!session) return [];
    session.pingsMissed = 0;
    if (session.asked) session.asked = { ...session.asked, answered: true };
    const bytes = frame.kind === 'control' ? 0 : frame.bytes;
    if (!session.limits.admit(bytes, now)) return refuse(session, because('too-fast'), now);
    if (frame.kind === 'control') return [];
    const parsed = parseFrame(frame);
    if (!parsed.ok) return refuse(session, parsed.error, now);
    const message = parsed.value;
    const asked = message.kind === 'join' ? askHolder(connection, message, now) : [];
    const answer = askRooms(rooms, { from: connection, message, now });
    if (!answer.ok) return [...asked, ...refuse(session, because(answer.error), now)];
    return [
      ...asked,
      ...answer.value.map(({ to, message: said }) => ({ kind: 'send', to, message: said }) as const),
    ];
  };

  /** The holder of the id, if it is another that is there, is asked, or dropped. */
  const askHolder = (from: ConnectionId, { room, id }: Join, now: Instant): readonly SessionEffect[] => {
    const holder = rooms.holder(room, id);
    const session = holder === undefined ? undefined : sessionByConnection.get(holder);
    if (!session || session.connection === from || rooms.hasJoined(from)) return [];
    const asked = askWhetherItLives(session, now, config.holderAnswerMs);
    if (asked.some(({ kind }) => kind === 'drop')) forget(session.connection);
    return asked;
  };

  /** Tells the sender why its message was dropped; closes when the code or its number asks for it. */
  const refuse = (session: Session, refusal: Refusal, now: Instant): readonly SessionEffect[] => {
    const { connection, limits } = session;
    const told: SessionEffect = { kind: 'send', to: connection, message: errorMessage(refusal) };
    const code = closesWith(refusal.code) ?? (limits.tolerate(now) ? null : closeCodes.tooManyErrors);
    if (code === null) return [told];
    forget(connection);
    return [told, { kind: 'close', connection, code }];
  };

  const end = (connection: ConnectionId, reason: EndReason): readonly SessionEffect[] => {
    forget(connection);
    return [
      { kind: 'send', to: connection, message: errorMessage(because(reason)) },
      { kind: 'close', connection, code: END_CODES[reason] },
    ];
  };

  const forget = (connection: ConnectionId): void => {
    rooms.leave(connection);
    sessionByConnection.delete(connection);
  };

  const afterTick = (session: Session, now: Instant): readonly SessionEffect[] => {
    const { connection, openedAt, pingsMissed } = session;
    if (pingsMissed >= config.pingMissesMax) {
      forget(connection);
      return [{ kind: 'drop', connection }];
    }
    if (!rooms.hasJoined(connection) && elapsedMs(openedAt, now) >= config.joinTimeoutMs) {
      return end(connection, 'not-joined');
    }
    session.pingsMissed += 1;
    return [{ kind: 'ping', to: connection }];
  };

  return {
    open,
    receive,
    forget,
    tick: (now) => [...sessionByConnection.values()].flatMap((session) => afterTick(session, now)),
    announce: () => rooms.lists().map(({ to, message }) => ({ kind: 'send', to, message })),
    shutdown: () => [...sessionByConnection.keys()].flatMap((connection) => end(connection, 'going-away')),
    count: rooms.count,
  };
}

/**
 * A tab whose network has changed is back before anybody knows that its last socket is dead: that one is asked at once,
 * and dropped at a later try if nothing came of it. Not asked without pause, or strangers could have it answer for ever.
 */
function askWhetherItLives(session: Session, now: Instant, answerMs: number): readonly SessionEffect[] {
  const { asked, connection } = session;
  if (asked && elapsedMs(asked.at, now) < answerMs) return [];
  if (asked && !asked.answered) return [{ kind: 'drop', connection }];
  session.asked = { at: now, answered: false };
  return [{ kind: 'ping', to: connection }];
}

/** Codes with which the server ends a connection by itself, whatever that sent; each with its close. */
const END_CODES = {
  'server-full': closeCodes.tryLater,
  'not-joined': closeCodes.notJoined,
  'going-away': closeCodes.restarting,
} as const satisfies Partial<Record<SignalingErrorCode, CloseCode>>;

type EndReason = keyof typeof END_CODES;

type MessageFrame = Exclude<Frame, { readonly kind: 'control' }>;

function parseFrame(frame: MessageFrame): Result<ClientMessage, Refusal> {
  if (frame.kind === 'binary') return err({ code: 'bad-message', detail: 'a message is a text frame' });
  return parseClientMessage(frame.text);
}

interface Request {
  readonly from: ConnectionId;
  readonly message: ClientMessage;
  readonly now: Instant;
}

function askRooms(rooms: Rooms, { from, message, now }: Request): RoomsAnswer {
  switch (message.kind) {
    case 'join':
      return rooms.join(from, message, now);
    case 'signal':
      return rooms.signal(from, message);
    case 'contacts':
      return rooms.contacts(from);
    case 'namesake':
      return rooms.namesake(from, message);
    default:
      return unreachable(message);
  }
}
