import { describe, expect, test } from 'vitest';
import { createSource, createUnsubscribe, createView } from '#client/readable.ts';
import { uncaughtIn } from './uncaught.ts';

describe('a source', () => {
  test('shows its value, its snapshot, and nothing else until it is set', () => {
    const first = { n: 1 };
    const source = createSource(first);
    expect([source.value, source.getSnapshot()]).toEqual([first, first]);
    expect(source.getSnapshot()).toBe(first);
    const second = { n: 1 };
    source.set(second);
    expect([source.value, source.getSnapshot()]).toEqual([second, second]);
    expect(source.getSnapshot()).toBe(second);
  });

  test('tells a subscriber the value at once, then every change', () => {
    const source = createSource(1);
    const heard: number[] = [];
    source.subscribe((value) => heard.push(value));
    expect(heard).toEqual([1]);
    source.set(2);
    source.set(3);
    expect(heard).toEqual([1, 2, 3]);
  });

  test('is quiet when it is set to what it holds, NaN included', () => {
    const source = createSource(Number.NaN);
    const heard: number[] = [];
    source.subscribe((value) => heard.push(value));
    source.set(Number.NaN);
    expect(heard).toEqual([Number.NaN]);
    source.set(0);
    source.set(-0);
    expect(heard).toEqual([Number.NaN, 0, -0]);
  });

  test('works where its functions are taken from it, as frameworks do', () => {
    const { subscribe, getSnapshot, set } = createSource('a');
    const heard: string[] = [];
    const end = subscribe((value) => heard.push(value));
    set('b');
    end();
    set('c');
    expect([heard, getSnapshot()]).toEqual([['a', 'b'], 'c']);
  });
});

describe('a subscription', () => {
  test('ends by call, once and for all', () => {
    const source = createSource(1);
    const heard: number[] = [];
    const end = source.subscribe((value) => heard.push(value));
    end();
    end();
    source.set(2);
    expect(heard).toEqual([1]);
  });

  test('ends as a disposable and by its signal', () => {
    const source = createSource(1);
    const heard: string[] = [];
    const abort = new AbortController();
    const disposable = source.subscribe((value) => heard.push(`disposable ${value}`));
    source.subscribe((value) => heard.push(`signal ${value}`), { signal: abort.signal });
    disposable[Symbol.dispose]();
    source.set(2);
    abort.abort();
    source.set(3);
    expect(heard).toEqual(['disposable 1', 'signal 1', 'signal 2']);
  });

  test('never begins under a signal that has aborted', () => {
    const source = createSource(1);
    const heard: number[] = [];
    const end = source.subscribe((value) => heard.push(value), { signal: AbortSignal.abort() });
    source.set(2);
    end();
    expect(heard).toEqual([]);
  });

  test('of one function twice is two, and each ends on its own', () => {
    const source = createSource(1);
    const heard: number[] = [];
    const run = (value: number): void => void heard.push(value);
    const end = source.subscribe(run);
    source.subscribe(run);
    end();
    source.set(2);
    expect(heard).toEqual([1, 1, 2]);
  });

  test('that another ends while it runs hears no more', () => {
    const source = createSource(1);
    const heard: string[] = [];
    source.subscribe((value) => {
      heard.push(`first ${value}`);
      if (value === 2) second();
    });
    const second = source.subscribe((value) => heard.push(`second ${value}`));
    source.set(2);
    expect(heard).toEqual(['first 1', 'second 1', 'first 2']);
  });

  test('that another begins while it runs hears the value once', () => {
    const source = createSource(1);
    const heard: string[] = [];
    source.subscribe((value) => {
      if (value === 2) source.subscribe((own) => heard.push(`inner ${own}`));
    });
    source.set(2);
    expect(heard).toEqual(['inner 2']);
  });

  test('hears the newest value last, even when another sets anew while it is told', () => {
    const source = createSource(1);
    const heard: number[] = [];
    source.subscribe((value) => {
      if (value === 2) source.set(3);
    });
    source.subscribe((value) => heard.push(value));
    source.set(2);
    expect(heard).toEqual([1, 3]);
  });

  test('that throws disturbs nobody, at its beginning nor later, and is reported', async () => {
    const source = createSource(1);
    const heard: number[] = [];
    const thrown = await uncaughtIn(() => {
      source.subscribe((value) => {
        throw new Error(`mine ${value}`);
      });
      source.subscribe((value) => heard.push(value));
      source.set(2);
    });
    expect(heard).toEqual([1, 2]);
    expect(thrown).toEqual([new Error('mine 1'), new Error('mine 2')]);
  });
});

describe('a view', () => {
  test('looks when somebody does, and once until it is stale', () => {
    let looks = 0;
    const view = createView(() => ({ look: ++looks }));
    for (let n = 0; n < 5; n++) {
      view.invalidate();
      view.tell();
    }
    expect(looks).toBe(0);
    expect([view.value, view.getSnapshot()]).toEqual([{ look: 1 }, { look: 1 }]);
    expect(view.getSnapshot()).toBe(view.value);
    view.invalidate();
    expect(view.value).toEqual({ look: 2 });
  });

  test('tells each subscriber of each snapshot once, of the newest alone', () => {
    let shown = 'a';
    const view = createView(() => shown);
    const heard: string[] = [];
    const show = (next: string): void => {
      shown = next;
      view.invalidate();
    };
    view.subscribe((value) => heard.push(`first ${value}`));
    show('b');
    show('c');
    view.subscribe((value) => heard.push(`second ${value}`));
    view.tell();
    view.tell();
    expect(heard).toEqual(['first a', 'second c', 'first c']);
  });

  test('that a subscriber makes stale is not told to the others: what is newer will be', () => {
    let shown = 1;
    const view = createView(() => shown);
    const heard: number[] = [];
    view.subscribe((value) => {
      if (value !== 2) return;
      shown = 3;
      view.invalidate();
    });
    view.subscribe((value) => heard.push(value));
    shown = 2;
    view.invalidate();
    view.tell();
    view.tell();
    expect(heard).toEqual([1, 3]);
  });
});

describe('an unsubscribe', () => {
  test('lets go of its signal when it is called', () => {
    const abort = new AbortController();
    let ended = 0;
    const end = createUnsubscribe(() => (ended += 1), { signal: abort.signal });
    end();
    abort.abort();
    expect(ended).toBe(1);
  });
});
