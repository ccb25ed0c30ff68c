/** A real signaling server, as plain `node`, in a process that a story may kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));

export interface Server {
  readonly url: string;
  readonly port: number;
  /** SIGKILL to the process that holds the port; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts a server; port 0 takes any free one. Rejects when it does not say where it is. `namespace`: of the network, by
 * its name in Linux.
 */
export async function startServer(
  port = 0,
  { host = '127.0.0.1', namespace }: { readonly host?: string; readonly namespace?: string } = {},
): Promise<Server> {
  const command = [process.execPath, MAIN];
  const [program = '', ...words] = namespace ? ['ip', 'netns', 'exec', namespace, ...command] : command;
  const child = spawn(program, words, {
    env: { ...process.env, PORT: String(port), HOST: host },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstAddress(child);
  const listening = Number(new URL(url).port);
  return {
    url: `http://${host}:${listening}/`,
    port: listening,
    kill: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

/** Members whose sockets the server holds now, of all rooms. */
export async function attachedAt({ url }: Server): Promise<number> {
  const health = (await (await fetch(`${url}healthz`)).json()) as { readonly members: number };
  return health.members;
}

function firstAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      const address = /http:\/\/\S+/.exec(chunk.toString())?.[0];
      if (address) resolve(address);
    });
  });
}

/** True when a connection to the port is refused: nothing holds it. */
export function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

/** A port that nothing holds. */
export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  holder.close();
  await once(holder, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
