/**
 * A Chromium that is spoken to without Playwright, whose sessions keep every page visible and awake: here a tab behind
 * another one is hidden, and can be frozen for real.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { WebSocket } from 'ws';
import { takeNotes } from './page-side.ts';

export interface RawTab {
  readonly id: string;
  /** What the page answers; text that is run there. */
  readonly ask: <T>(expression: string) => Promise<T>;
  /** Puts it before the others, which are hidden then. */
  readonly show: () => Promise<void>;
  /** Of a hidden tab: nothing of it runs any more, until `false`. */
  readonly freeze: (frozen: boolean) => Promise<void>;
  /** Its script stands still as at a breakpoint, until `false`. */
  readonly pause: (paused: boolean) => Promise<void>;
}

export interface RawChromium {
  /** A tab of the demo page, in one window with the others, whose mesh is there. */
  readonly open: (url: string) => Promise<RawTab>;
  readonly close: () => Promise<void>;
}

const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--remote-debugging-port=0',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: unknown;
}

export async function startChromium(): Promise<RawChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'gossamer-'));
  const path = process.env['GOSSAMER_CHROMIUM'] ?? chromium.executablePath();
  const child = spawn(path, [...ARGUMENTS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const socket = new WebSocket(
    await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        const endpoint = /DevTools listening on (\S+)/u.exec(chunk.toString())?.[1];
        if (endpoint !== undefined) resolve(endpoint);
      });
    }),
  );
  await once(socket, 'open');
  const answerById = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer;
    if (answer.id !== undefined) answerById.get(answer.id)?.(answer);
  });
  const send = <T>(method: string, params: object, sessionId?: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = (asked += 1);
      answerById.set(id, ({ error, result }) => {
        answerById.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as T);
      });
      socket.send(JSON.stringify({ id, method, params, sessionId }));
    });

  return {
    open: async (url) => {
      const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url });
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      });
      const ask = async <T>(expression: string): Promise<T> => {
        const { result } = await send<{ result: { value: T } }>(
          'Runtime.evaluate',
          { expression, returnByValue: true, awaitPromise: true },
          sessionId,
        );
        return result.value;
      };
      while (!(await ask<boolean>('window.mesh !== undefined'))) await new Promise((r) => setTimeout(r, 20));
      await ask(`(${takeNotes.toString()})()`);
      return {
        id: await ask<string>('mesh.id'),
        ask,
        show: () => send('Target.activateTarget', { targetId }),
        freeze: (frozen) =>
          send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' }, sessionId),
        pause: async (paused) => {
          if (paused) await send('Debugger.enable', {}, sessionId);
          await send(paused ? 'Debugger.pause' : 'Debugger.resume', {}, sessionId);
        },
      };
    },
    close: async () => {
      const ended = once(child, 'exit');
      socket.close();
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
