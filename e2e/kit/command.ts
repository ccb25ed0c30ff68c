/** `npm start`, as someone types it: a process group of its own, so that nothing of it survives its story. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Command {
  /** Lines of its own so far: npm prints what it runs, each line behind `>`, and its warnings behind `npm`. */
  readonly said: () => { readonly out: readonly string[]; readonly err: readonly string[] };
  /** Waits for the address and returns it. */
  readonly address: () => Promise<URL>;
  /** Sends the signal to npm alone, and waits until npm is gone. */
  readonly signalNpm: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  /** Waits until npm has ended by itself. */
  readonly exitCode: () => Promise<number | null>;
  /** Whatever is left of the group is killed. */
  readonly killAll: () => void;
}

export function npmStart(settings: { readonly PORT: string; readonly HOST?: string }): Command {
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { ...process.env, HOST: '127.0.0.1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const out = textOf(child.stdout);
  const err = textOf(child.stderr);
  const exited = once(child, 'exit');
  const said: Command['said'] = () => ({
    out: ownLines(out()),
    err: ownLines(err()),
  });

  return {
    said,
    address: async () => {
      await expect
        .poll(() => hasEnded(child) || /http:\/\/\S+\n/.test(out()), { timeout: 90_000, intervals: [50] })
        .toBe(true);
      const address = /http:\/\/\S+/.exec(out())?.[0];
      if (address === undefined) throw new Error(`npm start ended without an address: ${err()}`);
      return new URL(address);
    },
    signalNpm: async (signal) => {
      child.kill(signal);
      await exited;
    },
    exitCode: async () => {
      await exited;
      return child.exitCode;
    },
    killAll: () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nobody of the group is left.
      }
    },
  };
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

function ownLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !/^(?:>|npm )/.test(line));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
