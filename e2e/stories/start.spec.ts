import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { npmStart, type Command } from '../kit/command.ts';
import { freePort, isRefused, startServer } from '../kit/server.ts';
import { printTime } from '../kit/tabs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Sends the signal to all processes of a group, as a terminal does; false when nobody is left of it. */
function signalGroup(group: number, signal: 'SIGINT' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

let commands: Command[] = [];
const start = (settings: { readonly PORT: string }): Command => {
  const command = npmStart(settings);
  commands.push(command);
  return command;
};

test.afterEach(() => {
  for (const command of commands) command.killAll();
  commands = [];
});

test('npm start says in one line where the page is, serves it, and a SIGTERM to npm alone ends all', async () => {
  const started = performance.now();
  const command = start({ PORT: '0' });
  const address = await command.address();
  printTime('npm start serves the page', started);
  expect(command.said().out).toEqual([`Gossamer is at ${address.origin}`]);

  const page = await fetch(address);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('Who is here');
  const health = await fetch(new URL('/healthz', address));
  expect(await health.json()).toMatchObject({ status: 'ok', rooms: 0, members: 0 });
  expect(command.said().err).toEqual([]);

  await command.signalNpm('SIGTERM');
  await expect.poll(() => isRefused(Number(address.port))).toBe(true);
  expect(command.said().out).toHaveLength(1);
});

test('the server notices that npm was killed, and ends', async () => {
  const command = start({ PORT: '0' });
  const { port } = await command.address();
  expect(await isRefused(Number(port))).toBe(false);
  await command.signalNpm('SIGKILL');
  const killed = performance.now();
  await expect.poll(() => isRefused(Number(port))).toBe(true);
  printTime('the port is free after the kill', killed);
});

test('Ctrl-C, which a terminal sends to everyone at once, ends all', async () => {
  const port = await freePort();
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(npm, 'exit');
  const group = npm.pid ?? Number.NaN;
  try {
    await expect.poll(() => isRefused(port), { timeout: 90_000 }).toBe(false);
    expect(signalGroup(group, 'SIGINT')).toBe(true);
    const pressed = performance.now();
    await ended;
    printTime('npm ends after Ctrl-C', pressed);
    expect(await isRefused(port)).toBe(true);
    expect(signalGroup(group, 0)).toBe(false);
  } finally {
    signalGroup(group, 'SIGKILL');
  }
});

test('a port that is taken, or none at all, is one sentence and an exit code', async () => {
  const holder = await startServer();
  try {
    const taken = start({ PORT: String(holder.port) });
    expect(await taken.exitCode()).not.toBe(0);
    expect(taken.said()).toEqual({
      out: [],
      err: [`Port ${holder.port} is taken: stop what uses it, or choose another with PORT.`],
    });
    // Who had the port still has it.
    expect((await fetch(`${holder.url}healthz`)).status).toBe(200);
  } finally {
    await holder.kill();
  }

  const none = start({ PORT: 'eighty' });
  expect(await none.exitCode()).not.toBe(0);
  expect(none.said()).toEqual({
    out: [],
    err: ['PORT must be a whole number from 0 to 65535, not "eighty".'],
  });
});

test('packages that are linked from elsewhere are not installed over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-linked-'));
  const elsewhere = join(folder, 'elsewhere');
  const checkout = join(folder, 'checkout');
  try {
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'precious'), '');
    mkdirSync(checkout);
    cpSync(join(ROOT, '.scripts'), join(checkout, '.scripts'), { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(ROOT, name), join(checkout, name));
    symlinkSync(elsewhere, join(checkout, 'node_modules'), 'dir');

    const refused = spawnSync(process.execPath, ['.scripts/start.mjs'], { cwd: checkout, encoding: 'utf8' });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^node_modules is a symbolic link, .* nothing was installed\. .*\n$/);
    expect(readdirSync(elsewhere)).toEqual(['precious']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
