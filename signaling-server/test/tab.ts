/** A WebSocket client with the vocabulary of the tests; what arrives waits in a queue, but for the lists. */
import { WebSocket, type ClientOptions } from 'ws';
import {
  parseServerMessage,
  signalingMessageToText,
  type ClientMessage,
  type ServerMessage,
} from '#shared/signaling/messages.ts';

export interface Tab {
  readonly socket: WebSocket;
  readonly send: (message: ClientMessage) => void;
  /** The next message, in order of arrival; rejects when the socket closes first. */
  readonly next: () => Promise<ServerMessage>;
  /** The list of those attached that came last, once one has come. */
  readonly list: () => readonly string[] | undefined;
  /** Messages that wait to be asked for. */
  readonly arrivedCount: () => number;
  /** The code of the close. */
  readonly closed: Promise<number>;
}

export async function openTab(port: number, options: ClientOptions = {}, path: string = '/'): Promise<Tab> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  const arrived: ServerMessage[] = [];
  let list: readonly string[] | undefined;
  const waiting: { readonly give: (message: ServerMessage) => void; readonly fail: (why: Error) => void }[] =
    [];
  socket.on('message', (data, isBinary) => {
    const parsed = parseServerMessage(Buffer.isBuffer(data) && !isBinary ? data.toString('utf8') : '');
    if (!parsed.ok) throw new Error(`the server sent no message: ${parsed.error.detail}`);
    if (parsed.value.kind === 'attached') {
      list = parsed.value.ids;
      return;
    }
    const waiter = waiting.shift();
    if (waiter) waiter.give(parsed.value);
    else arrived.push(parsed.value);
  });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      for (const waiter of waiting.splice(0)) waiter.fail(new Error(`closed with ${code}`));
      resolve(code);
    });
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  // A cut connection is an error to ws; the tests look at the close.
  socket.on('error', () => {});
  return {
    socket,
    send: (message) => socket.send(signalingMessageToText(message)),
    next: () =>
      new Promise((give, fail) => {
        const first = arrived.shift();
        if (first) give(first);
        else if (socket.readyState === WebSocket.CLOSED) fail(new Error('closed'));
        else waiting.push({ give, fail });
      }),
    list: () => list,
    arrivedCount: () => arrived.length,
    closed,
  };
}
