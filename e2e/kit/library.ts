/** An empty page with the built library and nothing else: what a developer has who is just beginning. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from '@playwright/test';

const LIBRARY = fileURLToPath(new URL('../../dist/lib/gossamer.js', import.meta.url));
const PAGE =
  '<!doctype html><title>Blank</title><link rel="icon" href="data:,">' +
  '<script type="module">import * as gossamer from "./gossamer.js"; window.gossamer = gossamer;</script>';

export interface BlankPages {
  /** Where the page is. */
  readonly url: string;
  /** Opens the page and waits for the library; `before` runs in it ahead of all its scripts. */
  readonly open: (context: BrowserContext, before?: () => void) => Promise<Page>;
  readonly close: () => void;
}

/** Serves the page from an address of its own, as an application has one. */
export async function serveBlankPages(): Promise<BlankPages> {
  const library = await readFile(LIBRARY);
  const server = createServer((request, response) => {
    // With a query it is a module of its own, as another copy is.
    const isLibrary = request.url?.startsWith('/gossamer.js');
    response.setHeader('Content-Type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? library : PAGE);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  const url = `http://127.0.0.1:${address.port}/`;

  return {
    url,
    open: async (context, before) => {
      const page = await context.newPage();
      if (before) await page.addInitScript(before);
      await page.goto(url);
      await page.waitForFunction(() => window.gossamer !== undefined);
      return page;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Code and message of what `joinMesh` throws at these arguments, or "joined". */
export function joinFailure(
  page: Page,
  join: { readonly room: string; readonly signaling: string },
): Promise<{ readonly code: string; readonly message: string } | 'joined'> {
  return page.evaluate(({ room, signaling }) => {
    try {
      window.gossamer.joinMesh(room, { signaling }).close();
      return 'joined';
    } catch (error) {
      if (!(error instanceof window.gossamer.MeshError)) throw error;
      return { code: error.code, message: error.message };
    }
  }, join);
}
