/** Tabs in the sites of a lab: each site has a browser of its own, whose pages hold the library and nothing else. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type LaunchOptions, type Page } from '@playwright/test';
import { takeNotes, wrapConnections } from '../kit/page-side.ts';
import type { Site } from './network.ts';

const LIBRARY = fileURLToPath(new URL('../../dist/lib/gossamer.js', import.meta.url));
/** No packet goes there: Playwright answers. A page of the own machine may use the keys that WebCrypto makes. */
const PAGE_URL: string = 'http://localhost/lab';
const PAGE =
  '<!doctype html><title>Lab</title><link rel="icon" href="data:,">' +
  '<script type="module">import * as gossamer from "./gossamer.js"; window.gossamer = gossamer;</script>';

export interface SiteBrowser {
  /** Opens a page with the library, and joins. */
  readonly join: (options: JoinOptions) => Promise<LabTab>;
  readonly close: () => Promise<void>;
}

export interface JoinOptions {
  readonly room: string;
  readonly signaling: string;
  readonly iceServers?: readonly RTCIceServer[];
  /** Asked for its servers the tab names `iceServers` once, for a second, and these from then on. */
  readonly renewed?: readonly RTCIceServer[];
  readonly policy?: RTCIceTransportPolicy;
}

export interface LabTab {
  readonly page: Page;
  readonly id: string;
}

/** Starts a browser whose processes see the site's network and no other. */
export async function openBrowser(site: Site, { executablePath, args }: LaunchOptions): Promise<SiteBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-site-'));
  const script = join(folder, 'browser');
  const program = executablePath ?? chromium.executablePath();
  await writeFile(script, `#!/bin/sh\nexec ip netns exec ${site.namespace} '${program}' "$@"\n`);
  await chmod(script, 0o755);
  const browser: Browser = await chromium.launch({ executablePath: script, args: args ?? [] });
  const context = await browser.newContext();
  const library = await readFile(LIBRARY);
  await context.route(`${PAGE_URL}**`, (route) => route.fulfill({ contentType: 'text/html', body: PAGE }));
  await context.route('**/gossamer.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: library }),
  );
  return {
    join: async ({ room, signaling, iceServers = [], renewed, policy = 'all' }) => {
      const page = await context.newPage();
      await page.addInitScript(wrapConnections);
      await page.goto(PAGE_URL);
      await page.waitForFunction(() => window.gossamer !== undefined);
      const id = await page.evaluate(
        (given) => {
          const { renewed: next } = given;
          const answers = [{ iceServers: [...given.iceServers], ttlMs: 1_000 }];
          const ask = () => Promise.resolve(answers.shift() ?? [...(next ?? [])]);
          const rtc = {
            iceServers: next ? ask : [...given.iceServers],
            iceTransportPolicy: given.policy,
          };
          const mesh = window.gossamer.joinMesh(given.room, { signaling: given.signaling, rtc });
          Object.assign(window, { mesh });
          return mesh.id;
        },
        { room, signaling, iceServers, renewed, policy },
      );
      await page.evaluate(takeNotes);
      return { page, id };
    },
    close: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
