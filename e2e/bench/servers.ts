/** The servers that contestants need, each a process of its own on this machine's loopback. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { createServer as createPortFinder } from 'node:net';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export interface BenchServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Runs a script under plain Node with a free port in its environment; resolves when it has said something. */
export async function startScript(path: string): Promise<BenchServer> {
  const port = await findFreePort();
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstOutput(child);
  return {
    url: `ws://localhost:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

/** Serves one blank page with one script, under any path. */
export async function servePage(script: string): Promise<BenchServer> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * As much of a Nostr relay (NIP-01) as trystero asks of one: hands each event to the subscriptions whose `x`
 * tag it bears, says that it took it, and keeps nothing.
 */
export async function startNostrRelay(): Promise<BenchServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const topicsBySubscription = new Map<WebSocket, Map<string, ReadonlySet<string>>>();
  server.on('connection', (socket) => {
    const subscriptions = new Map<string, ReadonlySet<string>>();
    topicsBySubscription.set(socket, subscriptions);
    socket.on('close', () => topicsBySubscription.delete(socket));
    socket.on('message', (data: Buffer) => {
      const [kind, subject, filter] = JSON.parse(data.toString()) as [string, unknown, { '#x': string[] }];
      if (kind === 'REQ') subscriptions.set(subject as string, new Set(filter['#x']));
      else if (kind === 'CLOSE') subscriptions.delete(subject as string);
      else if (kind === 'EVENT') {
        const event = subject as { readonly id: string; readonly tags: readonly [string, string][] };
        socket.send(JSON.stringify(['OK', event.id, true, '']));
        hand(event);
      }
    });
  });
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });

  function hand(event: { readonly tags: readonly [string, string][] }): void {
    const topic = event.tags.find(([name]) => name === 'x')?.[1] ?? '';
    for (const [socket, subscriptions] of topicsBySubscription)
      for (const [id, topics] of subscriptions)
        if (topics.has(topic)) socket.send(JSON.stringify(['EVENT', id, event]));
  }

  return {
    url: `ws://localhost:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const finder = createPortFinder();
    finder.listen(0, '127.0.0.1', () => {
      const { port } = finder.address() as AddressInfo;
      finder.close(() => resolve(port));
    });
  });
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a server ended with ${code} before it listened`)));
    child.stdout?.once('data', () => resolve());
    child.stdout?.resume();
  });
}
