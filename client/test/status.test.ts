import { describe, expect, test } from 'vitest';
import { MeshError } from '#client/errors.ts';
import { createStatus, type StatusFace } from '#client/status.ts';

/** What `ready` has come to by now. */
async function readiness(status: StatusFace): Promise<unknown> {
  const settled = status.ready.then(
    () => 'ready',
    (error: unknown) => (error instanceof MeshError ? error.code : error),
  );
  await Promise.resolve();
  return Promise.race([settled, new Promise((resolve) => setImmediate(() => resolve('waiting')))]);
}

describe('status', () => {
  test.each<[string, (status: StatusFace) => void, string]>([
    ['nothing yet', () => {}, 'connecting'],
    ['dialling', (status) => status.signaling('connecting'), 'connecting'],
    ['let in, and not yet told of anybody', (status) => status.signaling('open'), 'connecting'],
    [
      'dialling again after a first dial that came to nothing',
      (status) => (status.signaling('connecting'), status.dialLost()),
      'offline',
    ],
    [
      'linked after a dial that came to nothing',
      (status) => (status.signaling('connecting'), status.dialLost(), status.links(1)),
      'degraded',
    ],
    ['told that nobody is here', (status) => (status.signaling('open'), status.contacts(0)), 'alone'],
    ['told of somebody', (status) => (status.signaling('open'), status.contacts(2)), 'connecting'],
    ['linked and attached', (status) => (status.signaling('open'), status.links(1)), 'connected'],
    ['linked while dialling', (status) => (status.signaling('connecting'), status.links(1)), 'degraded'],
    ['linked and detached', (status) => (status.signaling('closed'), status.links(3)), 'degraded'],
    [
      'let go of the server, while others greet',
      (status) => (
        status.signaling('open'),
        status.links(4),
        status.greeted(true),
        status.released(),
        status.signaling('closed')
      ),
      'connected',
    ],
    [
      'let go of the server, and nobody greets any more',
      (status) => (status.links(4), status.greeted(true), status.released(), status.greeted(false)),
      'degraded',
    ],
    [
      'let go of the server, and dialling it again',
      (status) => (status.links(4), status.greeted(true), status.released(), status.signaling('connecting')),
      'connected',
    ],
    [
      'let go of the server, and dialled again in vain',
      (status) => (status.links(4), status.greeted(true), status.released(), status.dialLost()),
      'degraded',
    ],
    [
      'cut off by the application while others greet',
      (status) => (status.links(4), status.greeted(true), status.released(), status.cut()),
      'degraded',
    ],
    [
      'let in anew after letting go, and lost again while others greet',
      (status) => (
        status.links(4),
        status.greeted(true),
        status.released(),
        status.signaling('open'),
        status.signaling('connecting')
      ),
      'degraded',
    ],
    [
      'without a link, dialling the server that it had let go of',
      (status) => (
        status.signaling('open'),
        status.links(4),
        status.released(),
        status.signaling('closed'),
        status.links(0),
        status.signaling('connecting')
      ),
      'connecting',
    ],
    ['detached and without a link', (status) => status.signaling('closed'), 'offline'],
    [
      'let in once, and lost',
      (status) => (status.signaling('open'), status.contacts(0), status.signaling('connecting')),
      'offline',
    ],
    [
      'all links lost and the server too',
      (status) => (
        status.signaling('open'),
        status.links(2),
        status.signaling('connecting'),
        status.links(0)
      ),
      'offline',
    ],
    [
      'all links lost where the server once knew of nobody',
      (status) => (status.signaling('open'), status.contacts(0), status.links(1), status.links(0)),
      'alone',
    ],
    [
      'let in again, and not yet told of anybody',
      (status) => (
        status.signaling('open'),
        status.contacts(0),
        status.signaling('connecting'),
        status.signaling('open')
      ),
      'connecting',
    ],
    ['closed', (status) => (status.signaling('open'), status.links(1), status.close()), 'closed'],
    [
      'closed, whatever comes after',
      (status) => (status.close(), status.signaling('open'), status.links(1), status.contacts(0)),
      'closed',
    ],
  ])('%s', (_what, happen, expected) => {
    const status = createStatus();
    happen(status);
    expect(status.readable.value).toBe(expected);
    expect(status.closed).toBe(expected === 'closed');
  });

  test('tells changes only', () => {
    const status = createStatus();
    const heard: string[] = [];
    status.readable.subscribe((value) => heard.push(value));
    status.signaling('open');
    status.links(1);
    status.links(2);
    status.contacts(3);
    status.signaling('closed');
    expect(heard).toEqual(['connecting', 'connected', 'degraded']);
  });
});

describe('ready', () => {
  test('waits for the first neighbor to have shared all, not for its link', async () => {
    const status = createStatus();
    status.signaling('open');
    status.contacts(1);
    status.links(1);
    expect(await readiness(status)).toBe('waiting');
    status.synced();
    expect(await readiness(status)).toBe('ready');
  });

  test('comes at once where nobody else is here', async () => {
    const status = createStatus();
    status.signaling('open');
    status.contacts(0);
    expect(await readiness(status)).toBe('ready');
  });

  test('does not come of a server that names nobody while links are held', async () => {
    const status = createStatus();
    status.signaling('open');
    status.links(1);
    status.contacts(0);
    expect(await readiness(status)).toBe('waiting');
  });

  test('is refused when the mesh is left first, and stays what it was when it is left later', async () => {
    const early = createStatus();
    early.close();
    expect(await readiness(early)).toBe('CLOSED');
    const late = createStatus();
    late.synced();
    late.close();
    expect(await readiness(late)).toBe('ready');
  });

  test('is refused with the reason where it can never come', async () => {
    const status = createStatus();
    status.fail(new MeshError('BAD_SIGNALING_URL', 'no'));
    status.close();
    expect(await readiness(status)).toBe('BAD_SIGNALING_URL');
  });
});
