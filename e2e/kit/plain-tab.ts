/** A tab that uses simple-peer and a signaling server as its manual shows, and nothing of ours. */
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';

/** The part of simple-peer that is used here. */
interface PlainPeer {
  readonly connected: boolean;
  readonly on: (event: string, run: (data: unknown) => void) => void;
  readonly signal: (data: unknown) => void;
  readonly send: (text: string) => void;
}

declare global {
  interface Window {
    readonly plain: { peer: PlainPeer | undefined; readonly heard: string[] };
    readonly SimplePeer: new (options: object) => PlainPeer;
  }
}

const SIMPLE_PEER = createRequire(import.meta.url).resolve('simple-peer/simplepeer.min.js');

/** Who comes second calls who is there. */
export async function joinPlainly(
  page: Page,
  place: { readonly url: string; readonly room: string; readonly id: string },
): Promise<void> {
  await page.addScriptTag({ path: SIMPLE_PEER });
  await page.evaluate(({ url, room, id }) => {
    const plain: Window['plain'] = { peer: undefined, heard: [] };
    Object.defineProperty(window, 'plain', { value: plain });
    const socket = new WebSocket(url);
    const say = (message: object): void => socket.send(JSON.stringify(message));
    const open = (to: string, initiator: boolean): PlainPeer => {
      const peer = new window.SimplePeer({ initiator, config: { iceServers: [] } });
      peer.on('signal', (data) => say({ kind: 'signal', to, data: btoa(JSON.stringify([data])) }));
      peer.on('data', (data) => plain.heard.push(String(data)));
      return (plain.peer = peer);
    };
    socket.addEventListener('open', () => say({ kind: 'join', version: 1, room, id }));
    socket.addEventListener('message', ({ data: raw }: MessageEvent<string>) => {
      const { kind, contacts, from, data } = JSON.parse(raw) as {
        readonly kind: string;
        readonly contacts: readonly string[];
        readonly from: string;
        readonly data: string;
      };
      if (kind === 'welcome' && contacts[0] !== undefined) open(contacts[0], true);
      if (kind !== 'signal') return;
      const peer = plain.peer ?? open(from, false);
      for (const description of JSON.parse(atob(data)) as unknown[]) peer.signal(description);
    });
    return new Promise<void>((resolve) => {
      socket.addEventListener('message', () => resolve(), { once: true });
    });
  }, place);
}
