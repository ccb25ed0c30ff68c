/**
 * The one file that knows `ws`: turns sockets into frames for the sessions, and their effects into sends,
 * pings and closes. Page, health and sockets share one port; a WebSocket is taken on any path.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { assert, unreachable } from '#shared/base/assert.ts';
import { createRng } from '#shared/base/rng.ts';
import { elapsedMs, instant, type Instant } from '#shared/base/time.ts';
import {
  closeCodes,
  SIGNALING_MESSAGE_BYTES_MAX,
  signalingMessageToText,
  type ServerMessage,
} from '#shared/signaling/messages.ts';
import { checkServerConfig, defaultServerConfig, type ServerConfig } from './config.ts';
import { createHttpHandler, type HttpHandler } from './http.ts';
import { readPage } from './page.ts';
import { connectionId, type ConnectionId } from './rooms.ts';
import { createSessions, type Frame, type SessionEffect } from './sessions.ts';
import { createStartError } from './settings.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 asks the system for any free one. */
  readonly port: number;
  /** The folder of the built page; without one only health and sockets are served. */
  readonly pageDir?: string | undefined;
  /** A monotonic clock. */
  readonly now?: (() => Instant) | undefined;
  readonly config?: ServerConfig | undefined;
}

export interface RunningServer {
  /** The port it listens on. */
  readonly port: number;
  /** Tells everyone, closes, and resolves when nothing is left open. A second call joins the first. */
  readonly close: () => Promise<void>;
}

/** Pieces of one message. Without these bounds a few bytes each pin whole network buffers (CVE-2026-48779). */
const FRAGMENTS_MAX: number = 32;
/** 384 bytes a piece of the largest message: networks cut larger ones (536 and up), so honest senders do not meet it. */
const BUFFERED_CHUNKS_MAX: number = 128;

const HEADER_BYTES_MAX: number = 8_192;
/** Between two requests on one connection. */
const KEEP_ALIVE_TIMEOUT_MS: number = 5_000;

const systemNow = (): Instant => instant(performance.now());

/** Rejects with a `StartError` when it cannot listen; then nothing is left running. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, pageDir, now = systemNow, config = defaultServerConfig } = options;
  checkServerConfig(config);
  const startedAt = now();
  const hub = createHub(config, now, startedAt);
  const page = pageDir === undefined ? new Map() : await readPage(pageDir);
  const http = createHttp(
    config,
    createHttpHandler({
      page,
      health: () => ({ ...hub.count(), uptimeS: Math.floor(elapsedMs(startedAt, now()) / 1_000) }),
    }),
  );
  const sockets = takeSockets(http, hub, config);

  try {
    await listen(http, { host, port });
  } catch (cause) {
    throw createStartError(cause, { host, port });
  }
  const ticks = setInterval(hub.tick, config.pingIntervalMs);
  const announcements = setInterval(hub.announce, config.listIntervalMs);

  const stop = async (): Promise<void> => {
    clearInterval(ticks);
    clearInterval(announcements);
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    sockets.close();
    hub.shutdown();
    // ws cuts, after the same time, the sockets that leave the closing handshake unanswered.
    const cut = setTimeout(() => http.closeAllConnections(), config.closeTimeoutMs);
    await closed;
    clearTimeout(cut);
  };
  let stopping: Promise<void> | undefined;
  return { port: portOf(http), close: () => (stopping ??= stop()) };
}

function createHttp(config: ServerConfig, handler: HttpHandler): Server {
  const http = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: config.headersTimeoutMs,
      requestTimeout: config.requestTimeoutMs,
      connectionsCheckingInterval: config.requestCheckMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    handler,
  );
  // Who asks and never reads is cut as well. ws lifts this from a socket that it takes: the pings watch that.
  http.setTimeout(config.requestTimeoutMs);
  http.maxConnections = config.connectionsMax + config.spareConnections;
  return http;
}

function listen(http: Server, at: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for good: the first error is the start's; a later one (an accept that failed) must not end the process.
    http.on('error', reject);
    http.listen(at, resolve);
  });
}

function portOf(http: Server): number {
  const address = http.address();
  assert(typeof address === 'object' && address !== null, 'a listening server has an address');
  return address.port;
}

function takeSockets(http: Server, hub: Hub, config: ServerConfig): WebSocketServer {
  // `closeTimeout` is an option of ws that its type package does not list.
  const options: ConstructorParameters<typeof WebSocketServer>[0] & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    maxPayload: SIGNALING_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: BUFFERED_CHUNKS_MAX,
    closeTimeout: config.closeTimeoutMs,
  };
  const sockets = new WebSocketServer(options);
  // An emitter without a listener for 'error' throws; what concerns one connection is handled there.
  sockets.on('error', () => {});
  http.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, hub.attach));
  return sockets;
}

/** The sockets by number, and the sessions behind them. */
interface Hub {
  readonly attach: (socket: WebSocket) => void;
  readonly tick: () => void;
  readonly announce: () => void;
  readonly shutdown: () => void;
  readonly count: () => { readonly rooms: number; readonly members: number };
}

function createHub(config: ServerConfig, now: () => Instant, startedAt: Instant): Hub {
  const sessions = createSessions(config, createRng([...randomBytes(16)]), startedAt);
  /** Those being closed included; bounded by the HTTP server's `maxConnections`. */
  const socketByConnection = new Map<ConnectionId, WebSocket>();
  let connectionsSoFar = 0;

  const attach = (socket: WebSocket): void => {
    const connection = connectionId((connectionsSoFar += 1));
    socketByConnection.set(connection, socket);
    listenTo(socket, {
      received: (frame) => run(sessions.receive(connection, frame, now())),
      // ws has sent the close that fits what broke the WebSocket protocol or its limits.
      broken: () => sessions.forget(connection),
      closed: () => {
        sessions.forget(connection);
        socketByConnection.delete(connection);
      },
    });
    run(sessions.open(connection, now()));
  };

  const run = (effects: readonly SessionEffect[]): void => {
    for (const effect of effects) runOne(effect);
  };

  const runOne = (effect: SessionEffect): void => {
    switch (effect.kind) {
      case 'send':
        return send(effect.to, effect.message);
      case 'ping':
        return ping(effect.to);
      case 'close':
        return socketByConnection.get(effect.connection)?.close(effect.code);
      case 'drop':
        return socketByConnection.get(effect.connection)?.terminate();
      default:
        return unreachable(effect);
    }
  };

  const ping = (to: ConnectionId): void => {
    const socket = socketByConnection.get(to);
    if (socket?.readyState === WebSocket.OPEN) socket.ping();
  };

  /** Who reads too slowly is closed: what waits for it would cost everybody's memory. */
  const send = (to: ConnectionId, message: ServerMessage): void => {
    const socket = socketByConnection.get(to);
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > config.bufferedBytesMax) {
      sessions.forget(to);
      socket.close(closeCodes.tryLater);
      return;
    }
    socket.send(signalingMessageToText(message));
  };

  return {
    attach,
    tick: () => run(sessions.tick(now())),
    announce: () => run(sessions.announce()),
    shutdown: () => run(sessions.shutdown()),
    count: sessions.count,
  };
}

interface Ears {
  readonly received: (frame: Frame) => void;
  readonly broken: () => void;
  readonly closed: () => void;
}

/** Pings and pongs count as frames: a flood of them is a flood. */
function listenTo(socket: WebSocket, ears: Ears): void {
  socket.on('message', (data, isBinary) => ears.received(dataToFrame(data, isBinary)));
  socket.on('ping', () => ears.received({ kind: 'control' }));
  socket.on('pong', () => ears.received({ kind: 'control' }));
  socket.on('error', ears.broken);
  socket.on('close', ears.closed);
}

/** ws gives one buffer unless told otherwise; its type says more. */
function dataToFrame(data: RawData, isBinary: boolean): Frame {
  assert(Buffer.isBuffer(data), 'ws gives each message as one buffer');
  const bytes = data.byteLength;
  return isBinary ? { kind: 'binary', bytes } : { kind: 'text', text: data.toString('utf8'), bytes };
}
