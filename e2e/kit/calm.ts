/** Stories in which no page may complain: each ends with a look at what the consoles of its tabs said. */
import {
  expect,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  type TestType,
} from '@playwright/test';
import { test as roomTest, type RoomOptions, type Rooms } from './rooms.ts';

interface Fixtures {
  /** What went wrong in any tab so far: errors and warnings of the console, CSP violations among them, and uncaught exceptions. */
  readonly complaints: readonly string[];
}

export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & Rooms & Fixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & RoomOptions
> = roomTest.extend<Fixtures>({
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      context.on('console', (message) => {
        if (['error', 'warning', 'assert'].includes(message.type())) complaints.push(message.text());
      });
      context.on('weberror', (error) => complaints.push(String(error.error())));
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});
