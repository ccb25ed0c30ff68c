/** Stories in which no page may complain: each ends with a look at what the consoles of its tabs said. */
import {
  expect,
  type BrowserContext,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  type TestType,
} from '@playwright/test';
import { test as roomTest, type RoomOptions, type Rooms } from './rooms.ts';

interface Fixtures {
  /** What went wrong in any tab so far. */
  readonly complaints: readonly string[];
}

/** Errors and warnings of the console, CSP violations among them, and uncaught exceptions, as they come from now on. */
export function noteComplaints(context: BrowserContext): readonly string[] {
  const complaints: string[] = [];
  context.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  return complaints;
}

export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & Rooms & Fixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & RoomOptions
> = roomTest.extend<Fixtures>({
  complaints: [
    async ({ context }, use) => {
      const complaints = noteComplaints(context);
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});
