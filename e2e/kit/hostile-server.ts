/**
 * A signaling server that introduces tabs as a good one does, and may pass on other session descriptions than it
 * was given: those of an engine of its own, so that every connection ends there. It knows the outermost form of
 * what it carries and nothing else of the protocol.
 */
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Description, Engine } from './man-in-the-middle.ts';

export interface HostileServer {
  readonly url: string;
  readonly stop: () => void;
}

interface Joined {
  readonly id: string;
  readonly room: string;
}

/** Without an engine it is honest. */
export async function startHostileServer(engine?: Engine): Promise<HostileServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const joinedBySocket = new Map<WebSocket, Joined>();
  const swap = engine && createSwap(engine);

  server.on('connection', (socket) => {
    socket.on('close', () => joinedBySocket.delete(socket));
    socket.on('message', (raw: Buffer) => {
      const message = JSON.parse(raw.toString()) as { kind: string; id: string; room: string } & Signal;
      if (message.kind === 'join') {
        const joined = { id: message.id, room: message.room };
        tell(socket, { kind: 'welcome', contacts: othersOf(joined), starting: false });
        joinedBySocket.set(socket, joined);
        return;
      }
      const sender = joinedBySocket.get(socket);
      if (!sender) return;
      if (message.kind === 'contacts') tell(socket, { kind: 'contacts', contacts: othersOf(sender) });
      else void carry(sender, message);
    });
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  return {
    url: `ws://127.0.0.1:${address.port}/`,
    stop: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };

  function othersOf({ id, room }: Joined): string[] {
    const others = [...joinedBySocket.values()].filter((other) => other.room === room && other.id !== id);
    return others.map((other) => other.id).slice(0, 3);
  }

  async function carry({ id, room }: Joined, { to, data }: Signal): Promise<void> {
    const carried = swap ? await swap(id, to, data) : data;
    if (carried === undefined) return;
    for (const [socket, joined] of joinedBySocket)
      if (joined.id === to && joined.room === room) tell(socket, { kind: 'signal', from: id, data: carried });
  }
}

interface Signal {
  readonly to: string;
  readonly data: string;
}

const tell = (socket: WebSocket, message: object): void => socket.send(JSON.stringify(message));

/** What goes on in place of a signal; nothing where it was only candidates, which the engine keeps. */
type Swap = (from: string, to: string, data: string) => Promise<string | undefined>;

function createSwap(engine: Engine): Swap {
  /** By the text that came: who hears no answer says the same again. */
  const swapped = new Map<string, Promise<string | undefined>>();
  /** One after the other, as candidates belong to the description before them. */
  let last: Promise<unknown> = Promise.resolve();

  const seize = async (from: string, to: string, data: string): Promise<string | undefined> => {
    const opened = openEnvelope(data);
    if (!opened) return data;
    const own = await engine.seize({ from, to, descriptions: opened.descriptions });
    return own && opened.seal([own]);
  };
  return (from, to, data) => {
    const key = `${from} ${to} ${data}`;
    const known = swapped.get(key);
    if (known) return known;
    const answer = last.then(() => seize(from, to, data));
    last = answer;
    swapped.set(key, answer);
    return answer;
  };
}

interface Envelope {
  readonly descriptions: readonly Description[];
  readonly seal: (descriptions: readonly Description[]) => string;
}

/** Descriptions are JSON at the end of a packet, behind their length in bytes as a varint; or they are all there is. */
function openEnvelope(data: string): Envelope | undefined {
  const bytes = Buffer.from(data, 'base64');
  const at = bytes.indexOf('[{"type":"');
  if (at < 0) return undefined;
  const text = bytes.subarray(at);
  const isPlain = at === 0;
  const head = bytes.subarray(0, isPlain ? 0 : at - varint(text.byteLength).byteLength);
  return {
    descriptions: JSON.parse(text.toString()) as Description[],
    seal: (descriptions) => {
      const sealed = Buffer.from(JSON.stringify(descriptions));
      const length = isPlain ? Buffer.of() : varint(sealed.byteLength);
      return Buffer.concat([head, length, sealed]).toString('base64');
    },
  };
}

function varint(number: number): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest >>>= 7) {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) return Buffer.from(bytes);
  }
}
