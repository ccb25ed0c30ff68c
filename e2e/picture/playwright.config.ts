/** `npm run picture` draws the page for the README; it is no story and runs by hand alone. */
import type { PlaywrightTestConfig } from '@playwright/test';
import stories from '../playwright.config.ts';

const config: PlaywrightTestConfig = {
  ...stories,
  testDir: '.',
  outputDir: '../../test-results',
  projects: [{ name: 'picture' }],
};

export default config;
