/**
 * A signaling server that introduces tabs as a good one does, and lies where a story has it lie: it may pass on other
 * session descriptions than it was given (those of an engine of its own, so that every connection ends there), take a
 * join for one of another room, keep signals back, and say of its own accord whatever it likes. It knows the outermost
 * form of what it carries and nothing else of the protocol.
 */
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Description, Engine } from './man-in-the-middle.ts';

export interface HostileServer {
  readonly url: string;
  /** Who is attached, in the order in which they came, and the rooms as it was told them. */
  readonly attached: () => readonly Joined[];
  /** Every signal that it was given, in order, kept back or not. */
  readonly signals: readonly Signal[];
  /** Says this to a tab of its own accord; throws where that is not attached, for nobody would hear it. */
  readonly say: (to: string, message: Said) => void;
  readonly stop: () => void;
}

/** Where nothing is given it is honest. */
export interface Lies {
  readonly engine?: Engine;
  /** For which room it takes what is said in this one. */
  readonly roomFor?: (room: string) => string;
  readonly keepsBack?: (signal: Signal) => boolean;
}

export interface Signal {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

type Said =
  | { readonly kind: 'contacts'; readonly contacts: readonly string[] }
  | { readonly kind: 'signal'; readonly from: string; readonly data: string };

interface Joined {
  readonly id: string;
  readonly room: string;
}

export async function startHostileServer(lies: Lies = {}): Promise<HostileServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const joinedBySocket = new Map<WebSocket, Joined>();
  const signals: Signal[] = [];
  const swap = lies.engine && createSwap(lies.engine);

  server.on('connection', (socket) => {
    socket.on('close', () => joinedBySocket.delete(socket));
    socket.on('message', (raw: Buffer) => {
      const message = JSON.parse(raw.toString()) as { kind: string } & Joined & Signal;
      if (message.kind === 'join') return join(socket, message);
      const sender = joinedBySocket.get(socket);
      if (!sender) return;
      if (message.kind === 'contacts') tell(socket, { kind: 'contacts', contacts: othersOf(sender) });
      else if (message.kind === 'signal') void carry(sender, message);
    });
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  return {
    url: `ws://127.0.0.1:${address.port}/`,
    attached: () => [...joinedBySocket.values()],
    signals,
    say: (to, message) => {
      const found = [...joinedBySocket].find(([, { id }]) => id === to);
      if (!found) throw new Error(`${to} is not attached`);
      tell(found[0], message);
    },
    stop: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };

  function join(socket: WebSocket, { id, room }: Joined): void {
    const joined = { id, room };
    tell(socket, { kind: 'welcome', contacts: othersOf(joined), starting: false });
    joinedBySocket.set(socket, joined);
  }

  /** They may come to be together later, so this is asked each time. */
  function areTogether(one: Joined, other: Joined): boolean {
    const roomFor = lies.roomFor ?? ((room) => room);
    return roomFor(one.room) === roomFor(other.room);
  }

  function othersOf(self: Joined): string[] {
    const others = [...joinedBySocket.values()].filter(
      (other) => other.id !== self.id && areTogether(self, other),
    );
    return others.map((other) => other.id).slice(0, 3);
  }

  async function carry(sender: Joined, { to, data }: Signal): Promise<void> {
    const from = sender.id;
    const signal = { from, to, data };
    signals.push(signal);
    if (lies.keepsBack?.(signal)) return;
    const carried = swap ? await swap(from, to, data) : data;
    if (carried === undefined) return;
    for (const [socket, joined] of joinedBySocket)
      if (joined.id === to && areTogether(sender, joined))
        tell(socket, { kind: 'signal', from, data: carried });
  }
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

export interface Envelope {
  readonly descriptions: readonly Description[];
  readonly seal: (descriptions: readonly Description[]) => string;
}

/** Descriptions are JSON at the end of a packet, behind their length in bytes as a varint; or they are all there is. */
export function openEnvelope(data: string): Envelope | undefined {
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

/** The same signal for another reader, where the server can read for whom it is: ids stand in it as their bytes. */
export function readdress({ from, to, data }: Signal, reader: string): Signal {
  const [old, own] = [to, reader].map((id) => Buffer.from(id, 'hex').toString('latin1')) as [string, string];
  const text = Buffer.from(data, 'base64').toString('latin1').replaceAll(old, own);
  return { from, to: reader, data: Buffer.from(text, 'latin1').toString('base64') };
}
