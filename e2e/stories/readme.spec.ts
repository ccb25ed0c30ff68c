import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { startServer, type Server } from '../kit/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The first sample of the README, letter by letter. */
function readSample(): string {
  const sample = /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  if (!sample) throw new Error('the README has no sample');
  return sample;
}

/** An application of its own: the sample, the package under its name, built by Vite without any configuration. */
function buildApplication(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-readme-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'gossamer'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>');
  writeFileSync(join(folder, 'main.js'), readSample());
  const vite = join(ROOT, 'node_modules', '.bin', 'vite');
  execFileSync(vite, ['build', '--logLevel', 'error', '--target', 'es2022'], { cwd: folder, stdio: 'pipe' });
  return folder;
}

/** Serves the application, and hands WebSockets on to the signaling server, as a site's own server would. */
function serve(folder: string, signaling: Server): Promise<HttpServer> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  const site = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '/');
    try {
      const body = readFileSync(join(folder, 'dist', path));
      response
        .writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  site.on('upgrade', (request, socket, head) => {
    const onward = connect(signaling.port, '127.0.0.1', () => {
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`);
      onward.write([`GET ${request.url} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  return new Promise((resolve) => {
    site.listen(0, '127.0.0.1', () => resolve(site));
  });
}

interface Visit {
  readonly page: Page;
  /** What the sample said on the console. */
  readonly lines: string[];
  readonly faults: string[];
}

async function visit(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage();
  const lines: string[] = [];
  const faults: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(url);
  return { page, lines, faults };
}

test("the README's sample runs as written", async ({ context }) => {
  const signaling = await startServer();
  const folder = buildApplication();
  const site = await serve(folder, signaling);
  try {
    const address = site.address();
    if (!address || typeof address === 'string') throw new Error('the site has no port');
    const url = `http://127.0.0.1:${address.port}/`;

    const first = await visit(context, url);
    await expect.poll(() => first.lines).toContain('1 here');
    const second = await visit(context, url);
    await expect.poll(() => first.lines).toContain('2 here');
    await expect.poll(() => second.lines).toContain('2 here');
    // What the second said when it was ready, the first has heard.
    await expect.poll(() => first.lines.filter((line) => line.endsWith('says good morning'))).toHaveLength(1);
    await second.page.evaluate(() => {
      addEventListener('pointermove', () => document.body.setAttribute('data-moved', ''));
    });
    await second.page.mouse.move(40, 50);
    // The sample listens for moves as well, and has heard this one before.
    await expect(second.page.locator('body[data-moved]')).toHaveCount(1);
    expect([...first.faults, ...second.faults]).toEqual([]);
  } finally {
    site.close();
    await signaling.kill();
    rmSync(folder, { recursive: true });
  }
});
