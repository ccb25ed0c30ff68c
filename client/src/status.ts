/** What a mesh is, in one word, and when it is ready: derived from a few facts and nothing else. */
import { MeshError } from './errors.ts';
import { createSource } from './readable.ts';
import type { MeshStatus, Readable, SignalingStatus } from './types.ts';

export interface StatusFace {
  readonly readable: Readable<MeshStatus>;
  readonly ready: Promise<void>;
  readonly closed: boolean;
  readonly links: (count: number) => void;
  readonly signaling: (status: SignalingStatus) => void;
  /** Others hold their sockets for us: from now on that ours is closed says nothing, until we dial again in vain. */
  readonly released: () => void;
  /** The application forbids a socket: its lack is told. */
  readonly cut: () => void;
  /** Whether the roster shows others who are attached. */
  readonly greeted: (greeted: boolean) => void;
  /** A dial came to nothing, or the connection was lost. */
  readonly dialLost: () => void;
  /** The server named this many contacts. */
  readonly contacts: (count: number) => void;
  /** The first neighbor has shared all it had. */
  readonly synced: () => void;
  /** It can never be ready. */
  readonly fail: (error: MeshError) => void;
  readonly close: () => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over are the facts of one mesh.
export function createStatus(): StatusFace {
  let links = 0;
  let signaling: SignalingStatus = 'connecting';
  /** Until a first attempt has failed, having neither server nor link is only the beginning. */
  let begun = false;
  let released = false;
  let greeted = false;
  let othersNamed: number | undefined;
  let closed = false;
  const source = createSource<MeshStatus>('connecting');
  let settle: { readonly resolve: () => void; readonly reject: (error: MeshError) => void };
  const ready = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever awaits `ready` is told; a page that does not is not reported for it.
  ready.catch(() => {});

  return {
    readable: source,
    ready,
    get closed() {
      return closed;
    },
    links: (count) => {
      links = count;
      update();
    },
    signaling: (status) => {
      begun ||= status === 'open' || status === 'closed';
      if (status !== 'open') othersNamed = undefined;
      else released = false;
      signaling = status;
      update();
    },
    released: () => {
      released = true;
      update();
    },
    cut: () => {
      released = false;
      update();
    },
    greeted: (next) => {
      greeted = next;
      update();
    },
    dialLost: () => {
      begun = true;
      released = false;
      update();
    },
    contacts: (count) => {
      othersNamed = count;
      update();
      if (source.value === 'alone') settle.resolve();
    },
    synced: () => settle.resolve(),
    fail: (error) => settle.reject(error),
    close: () => {
      closed = true;
      settle.reject(new MeshError('CLOSED', 'This mesh was left before it was ready.'));
      update();
    },
  };

  function update(): void {
    source.set(derive());
  }

  function derive(): MeshStatus {
    if (closed) return 'closed';
    if (links > 0) return signaling === 'open' || (released && greeted) ? 'connected' : 'degraded';
    if (signaling === 'open') return othersNamed === 0 ? 'alone' : 'connecting';
    // Who had let go has only begun to dial.
    return begun && !released ? 'offline' : 'connecting';
  }
}
