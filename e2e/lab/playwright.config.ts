import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';

/** The lab: stories of tabs behind real NATs and on bad lines. They need root, for they make networks. */
const config: PlaywrightTestConfig = defineConfig({
  testDir: 'stories',
  outputDir: '../../test-results',
  // All share one machine, and nearly all measure time against it.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
});

// oxlint-disable-next-line import/no-default-export -- Playwright asks for one.
export default config;
