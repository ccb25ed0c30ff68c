/** Stories in rooms of either kind: entered by their names alone, or by private links. The project says which. */
import {
  test as plainTest,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
  type TestType,
} from '@playwright/test';
import type * as library from '../../client/src/index.ts';

const LIBRARY: string = new URL('../../dist/lib/gossamer.js', import.meta.url).href;

export type RoomKind = 'open' | 'private';

export interface RoomOptions {
  readonly roomKind: RoomKind;
}

export interface Rooms {
  /** The fragment of the address that leads into the story's room of this name: whoever has it is in the same room. */
  readonly fragmentOf: (name: string) => string;
  /** The key of that room; `undefined` where it is an open one. */
  readonly keyOf: (name: string) => string | undefined;
}

/** Rooms belong to their story: in the next one, the same name has another key. */
export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & Rooms,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & RoomOptions
> = plainTest.extend<Rooms, RoomOptions>({
  roomKind: ['open', { option: true, scope: 'worker' }],
  fragmentOf: async ({ roomKind }, use) => use(await createFragments(roomKind)),
  keyOf: ({ fragmentOf }, use) => use((name) => new URLSearchParams(fragmentOf(name)).get('k') ?? undefined),
});

/** Marks the stories that `npm test` tells in a private room as well. */
export const ALSO_PRIVATE: { readonly tag: '@private' } = { tag: '@private' };

/** Gives the same fragment for the same name, and another one each time that it is called itself. */
export async function createFragments(roomKind: RoomKind): Promise<Rooms['fragmentOf']> {
  if (roomKind === 'open') return encodeURIComponent;
  // As an application makes its links: by the library that was built.
  const { newRoomLink } = (await import(LIBRARY)) as typeof library;
  const fragmentByName = new Map<string, string>();
  return (name) => {
    const fragment = fragmentByName.get(name) ?? newRoomLink({ room: name, href: '' }).slice(1);
    fragmentByName.set(name, fragment);
    return fragment;
  };
}

/** What the page calls the field with its own address, and the button that copies it. */
export const ADDRESS_WORDS: Readonly<Record<RoomKind, { readonly label: string; readonly copy: string }>> = {
  open: { label: 'Address of this room', copy: 'Copy' },
  private: { label: 'Private link of this room', copy: 'Copy private link' },
};
