import { describe, expect, test } from 'vitest';
import { createEventHub } from '#client/events.ts';
import { uncaughtIn } from './uncaught.ts';

const opened = (peer: string): { readonly peer: string } => ({ peer });

describe('an event hub', () => {
  test('gives the detail alone to those who ask with on', () => {
    const hub = createEventHub();
    const heard: unknown[] = [];
    hub.on('link:open', (detail) => heard.push(detail));
    hub.emit('link:open', opened('a'));
    hub.emit('link:close', { peer: 'a', reason: 'closed' });
    expect(heard).toEqual([{ peer: 'a' }]);
  });

  test('gives native events to native listeners, with their options', () => {
    const hub = createEventHub();
    const heard: unknown[] = [];
    const listener = (event: CustomEvent<{ readonly peer: string }>): void => {
      heard.push([event.type, event.detail.peer]);
    };
    hub.addEventListener('link:open', listener);
    hub.addEventListener('link:open', (event) => heard.push(`once ${event.detail.peer}`), { once: true });
    hub.emit('link:open', opened('a'));
    hub.emit('link:open', opened('b'));
    hub.removeEventListener('link:open', listener);
    hub.emit('link:open', opened('c'));
    expect(heard).toEqual([['link:open', 'a'], 'once a', ['link:open', 'b']]);
  });

  test('ends a listener by call, as a disposable, and by its signal', () => {
    const hub = createEventHub();
    const heard: string[] = [];
    const abort = new AbortController();
    const end = hub.on('link:open', () => heard.push('call'));
    const disposable = hub.on('link:open', () => heard.push('disposable'));
    hub.on('link:open', () => heard.push('signal'), { signal: abort.signal });
    hub.on('link:open', () => heard.push('never'), { signal: AbortSignal.abort() });
    hub.emit('link:open', opened('a'));
    end();
    disposable[Symbol.dispose]();
    abort.abort();
    hub.emit('link:open', opened('b'));
    expect(heard).toEqual(['call', 'disposable', 'signal']);
  });

  test('lets a listener that throws disturb nobody, and reports it', async () => {
    const hub = createEventHub();
    const heard: string[] = [];
    const thrown = await uncaughtIn(() => {
      hub.on('link:open', () => {
        throw new Error('mine');
      });
      hub.addEventListener('link:open', () => {
        throw new Error('native');
      });
      hub.on('link:open', ({ peer }) => heard.push(peer));
      hub.emit('link:open', opened('a'));
    });
    expect(heard).toEqual(['a']);
    expect(thrown).toHaveLength(2);
    expect(thrown).toEqual(expect.arrayContaining([new Error('mine'), new Error('native')]));
  });

  test('is nobody else than itself: two hubs share nothing', () => {
    const heard: string[] = [];
    createEventHub().on('link:open', () => heard.push('other'));
    createEventHub().emit('link:open', opened('a'));
    expect(heard).toEqual([]);
  });
});
