import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';
import { CHROMIUM_ARGS } from './kit/chromium-args.ts';
import type { RoomOptions } from './kit/rooms.ts';

/** Set by the scripts that looked for a browser; without it Playwright's own is used. */
const executablePath = process.env['GOSSAMER_CHROMIUM'];

const args = [...CHROMIUM_ARGS];

/**
 * Stories that are no others in a private room: `private-room` and `hostile-server` open rooms of both kinds
 * themselves, and the rest has no use for a key: `late-signals` says things again that can be read, `start` is about the
 * command, `readme` about the sample as it is written there, and `lifecycle`, `network`, `restart`, `sleep`, `turn` and
 * `weather` about what a browser does with connections, which are the same.
 */
const ONE_KIND = [
  'private-room',
  'hostile-server',
  'late-signals',
  'start',
  'readme',
  'lifecycle',
  'network',
  'restart',
  'sleep',
  'turn',
  'weather',
].map((name) => `**/${name}.spec.ts`);

const config: PlaywrightTestConfig<object, RoomOptions> = defineConfig<object, RoomOptions>({
  testDir: 'stories',
  outputDir: '../test-results',
  // Each story opens up to thirteen tabs; two at once would measure the machine.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  use: { launchOptions: executablePath ? { executablePath, args } : { args } },
  projects: [
    { name: 'open', use: { roomKind: 'open' } },
    { name: 'private', use: { roomKind: 'private' }, testIgnore: ONE_KIND },
    // What `npm test` has of the private ones.
    { name: 'chosen', use: { roomKind: 'private' }, testIgnore: ONE_KIND, grep: /@private/ },
  ],
});

export default config;
