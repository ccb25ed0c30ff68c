/** A real TURN and STUN server, coturn, among the servers of a lab's network. */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_ADDRESS } from './network.ts';

const PORT: number = 3478;
const SECRET: string = 'secret-of-the-lab';
const LIFE_S: number = 600;

export interface TurnServer {
  readonly stop: () => Promise<void>;
}

export const STUN: RTCIceServer = { urls: `stun:${SERVER_ADDRESS}:${PORT}` };

/** A TURN server with credentials that last ten minutes (draft-uberti-behave-turn-rest, 2.2). */
export function turnBy(transport: 'udp' | 'tcp', lifeS: number = LIFE_S): RTCIceServer {
  const username = `${Math.floor(Date.now() / 1_000) + lifeS}:lab`;
  const credential = createHmac('sha1', SECRET).update(username).digest('base64');
  return { urls: `turn:${SERVER_ADDRESS}:${PORT}?transport=${transport}`, username, credential };
}

/** Starts it in the given namespace; resolves when it listens. */
export async function startTurn(namespace: string): Promise<TurnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-turn-'));
  const path = join(folder, 'turnserver.conf');
  // Where it logs must come first, or it opens a file of its own before it has read so.
  await writeFile(
    path,
    [
      'log-file=stdout',
      `listening-port=${PORT}`,
      `listening-ip=${SERVER_ADDRESS}`,
      `relay-ip=${SERVER_ADDRESS}`,
      'realm=mesh.test',
      'use-auth-secret',
      `static-auth-secret=${SECRET}`,
      'no-cli',
      'no-tls',
      'no-dtls',
      `pidfile=${join(folder, 'pid')}`,
      `userdb=${join(folder, 'users')}`,
    ].join('\n'),
  );
  const child = spawn('ip', ['netns', 'exec', namespace, 'turnserver', '-c', path], { stdio: 'ignore' });
  const ended = once(child, 'exit').then(() => {
    throw new Error('coturn ended');
  });
  ended.catch(() => {});
  await Promise.race([ended, untilItAnswers(namespace)]);
  return {
    stop: async () => {
      child.kill('SIGKILL');
      await ended.catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One question by STUN, which is asked but once, may come before anybody listens. */
const QUESTION_MS: number = 300;

/** Asks until it is told where it asked from. */
async function untilItAnswers(namespace: string): Promise<void> {
  for (;;) {
    const words = ['netns', 'exec', namespace, 'turnutils_stunclient', '-p', String(PORT), SERVER_ADDRESS];
    const [code] = (await once(spawn('ip', words, { stdio: 'ignore', timeout: QUESTION_MS }), 'exit')) as [
      number | null,
    ];
    if (code === 0) return;
  }
}
