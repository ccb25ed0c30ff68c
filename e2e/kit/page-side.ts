/** What stories know of a page: its public mesh, the wrapped connections, and a notebook of what it saw. */
import type * as library from '../../client/src/index.ts';

declare global {
  interface Window {
    readonly mesh: library.Mesh<{ name?: string; cursor?: { x: number; y: number } | null }>;
    /** Every RTCPeerConnection that the page constructed. */
    readonly connections: RTCPeerConnection[];
    /** What the page saw, in order. */
    readonly seen: Seen;
    /** The library itself, on a page that has nothing else. */
    readonly gossamer: typeof library;
  }
}

export interface Seen {
  readonly messages: { readonly from: string; readonly data: unknown; readonly at: number }[];
  readonly left: { readonly id: string; readonly reason: string; readonly at: number }[];
  readonly errors: { readonly code: string }[];
  readonly misbehaved: { readonly peer: string; readonly reason: string }[];
}

/** Runs before the page's own scripts: wraps RTCPeerConnection, so that a story can cut a link from outside. */
export function wrapConnections(): void {
  const connections: RTCPeerConnection[] = [];
  Object.defineProperty(window, 'connections', { value: connections });
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct: (target, [configuration]: [RTCConfiguration?]) => {
      const connection = new target(configuration);
      connections.push(connection);
      return connection;
    },
  });
}

/** Runs once the page has its mesh: notes down what it sees. */
export function takeNotes(): void {
  const seen: Seen = { messages: [], left: [], errors: [], misbehaved: [] };
  Object.defineProperty(window, 'seen', { value: seen });
  window.mesh.topic('story').on(({ from, data }) => seen.messages.push({ from, data, at: Date.now() }));
  window.mesh.on('member:leave', ({ member, reason }) => {
    seen.left.push({ id: member.id, reason, at: Date.now() });
  });
  window.mesh.on('error', ({ code }) => seen.errors.push({ code }));
  window.mesh.on('peer:misbehaved', ({ peer, reason }) => seen.misbehaved.push({ peer, reason }));
}
