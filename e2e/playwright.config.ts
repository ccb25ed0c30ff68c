import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';

/** Set by the scripts that looked for a browser; without it Playwright's own is used. */
const executablePath = process.env['GOSSAMER_CHROMIUM'];

const args = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  // Candidates with plain addresses: the machine that runs the stories needs no multicast DNS.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const config: PlaywrightTestConfig = defineConfig({
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
});

export default config;
