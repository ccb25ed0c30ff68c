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
import { CHROMIUM_ARGS, PROCESS_PER_TAB } from './chromium-args.ts';
import { takeNotes } from './page-side.ts';
import { createWire, type Wire } from './raw-wire.ts';

export interface RawPage {
  /** What the page answers; text that is run there. Rejects where that throws, or the page is gone. */
  readonly ask: <T>(expression: string) => Promise<T>;
  /** Puts it before the others of its window, which are hidden then. */
  readonly show: () => Promise<void>;
  /** Its window is hidden with all in it, until `false`. */
  readonly minimize: (minimized: boolean) => Promise<void>;
  /** Of a hidden tab: nothing of it runs any more, until `false`. */
  readonly freeze: (frozen: boolean) => Promise<void>;
  /** Its script stands still as at a breakpoint, until `false`. */
  readonly pause: (paused: boolean) => Promise<void>;
  /** Its process dies: no farewell, no close, only silence. */
  readonly crash: () => Promise<void>;
  /** What its script holds when nothing is left to collect. */
  readonly heap: () => Promise<HeapUse>;
}

export interface HeapUse {
  readonly usedBytes: number;
  /** RTCPeerConnections that are not closed. */
  readonly connections: number;
}

/** A tab of the demo page, whose mesh is there. */
export interface RawTab extends RawPage {
  readonly id: string;
}

export interface RawChromium {
  /** A tab of the demo page, in one window with the others. */
  readonly open: (url: string) => Promise<RawTab>;
  /** Any page, in a window of its own: in front, as others are in theirs. */
  readonly openWindow: (url: string) => Promise<RawPage>;
  readonly close: () => Promise<void>;
}

const ARGUMENTS = ['--headless=new', '--remote-debugging-port=0', ...CHROMIUM_ARGS, PROCESS_PER_TAB];

export async function startChromium(): Promise<RawChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'gossamer-'));
  const path = process.env['GOSSAMER_CHROMIUM'] ?? chromium.executablePath();
  const child = spawn(path, [...ARGUMENTS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const wire = await createWire(
    await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        const endpoint = /DevTools listening on (\S+)/u.exec(chunk.toString())?.[1];
        if (endpoint !== undefined) resolve(endpoint);
      });
    }),
  );

  return {
    open: async (url) => {
      const page = await openPage(wire, { url });
      while (!(await page.ask<boolean>('window.mesh !== undefined'))) await soon();
      await page.ask(`(${takeNotes.toString()})()`);
      return { ...page, id: await page.ask<string>('mesh.id') };
    },
    openWindow: (url) => openPage(wire, { url, newWindow: true }),
    close: async () => {
      const ended = once(child, 'exit');
      wire.close();
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

async function openPage(
  wire: Wire,
  how: { readonly url: string; readonly newWindow?: boolean },
): Promise<RawPage> {
  const { targetId } = await wire.send<{ targetId: string }>('Target.createTarget', how);
  const session = await wire.attach(targetId);
  return {
    ask: async (expression) => {
      const { result, exceptionDetails } = await session.send<{
        readonly result: { readonly value: never };
        readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
      }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
      return result.value;
    },
    show: () => wire.send('Target.activateTarget', { targetId }),
    minimize: async (minimized) => {
      const { windowId } = await wire.send<{ windowId: number }>('Browser.getWindowForTarget', { targetId });
      const windowState = minimized ? 'minimized' : 'normal';
      await wire.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
    },
    freeze: (frozen) => session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' }),
    pause: async (paused) => {
      if (paused) await session.send('Debugger.enable');
      await session.send(paused ? 'Debugger.pause' : 'Debugger.resume');
    },
    crash: async () => {
      await session.send('Inspector.enable');
      // The command has no answer: who should give it is gone.
      void session.send('Page.crash').catch(() => {});
      await session.crashed;
      await wire.send('Target.closeTarget', { targetId });
    },
    heap: async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send<{ usedSize: number }>('Runtime.getHeapUsage');
      return { usedBytes: usedSize, connections: await countConnections(session) };
    },
  };
}

interface RemoteObject {
  readonly objectId: string;
}

async function countConnections(session: Pick<Wire, 'send'>): Promise<number> {
  const objectGroup = 'connections';
  const { result: prototype } = await session.send<{ result: RemoteObject }>('Runtime.evaluate', {
    expression: 'RTCPeerConnection.prototype',
    objectGroup,
  });
  const { objects } = await session.send<{ objects: RemoteObject }>('Runtime.queryObjects', {
    prototypeObjectId: prototype.objectId,
    objectGroup,
  });
  const { result } = await session.send<{ result: { value: number } }>('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: "function () { return this.filter((c) => c.connectionState !== 'closed').length; }",
    returnByValue: true,
  });
  await session.send('Runtime.releaseObjectGroup', { objectGroup });
  return result.value;
}
