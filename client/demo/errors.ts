/** The lines that say what went wrong, each with its code and a button to send it away. */
import type { MeshErrorCode } from '../src/index.ts';
import { html, setText } from './dom.ts';
import { errorWords } from './sentence.ts';

export interface Errors {
  readonly show: (code: MeshErrorCode) => void;
  /** Runs what may throw a `MeshError`, and shows it. */
  readonly attempt: (run: () => void) => void;
  /** Shows what was thrown or rejected. What is no `MeshError` is our own mistake: it is thrown again, where the console tells it. */
  readonly caught: (error: unknown) => void;
}

export function createErrors(place: HTMLElement): Errors {
  const lineByCode = new Map<MeshErrorCode, { readonly count: Element; times: number }>();

  const show = (code: MeshErrorCode): void => {
    const known = lineByCode.get(code);
    if (known !== undefined) {
      known.times += 1;
      setText(known.count, `×${known.times}`);
      return;
    }
    const count = html('span', { class: 'error-count' });
    const dismiss = html('button', { type: 'button', class: 'icon', 'aria-label': 'Dismiss' }, ['×']);
    const text = html('span', { class: 'error-text' }, [errorWords(code), ' ', html('code', {}, [code])]);
    const line = html('p', { class: 'error', 'data-testid': 'error', 'data-code': code }, [
      text,
      count,
      dismiss,
    ]);
    dismiss.addEventListener('click', () => {
      lineByCode.delete(code);
      line.remove();
    });
    lineByCode.set(code, { count, times: 1 });
    place.append(line);
  };

  const caught = (error: unknown): void => {
    const code = codeOf(error);
    if (code === undefined) throw error;
    show(code);
  };

  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      caught(error);
    }
  };

  return { show, attempt, caught };
}

/** The code of a `MeshError`; `undefined` for any other. */
export function codeOf(error: unknown): MeshErrorCode | undefined {
  return isMeshError(error) ? error.code : undefined;
}

function isMeshError(error: unknown): error is { readonly code: MeshErrorCode } {
  return error instanceof Error && error.name === 'MeshError' && 'code' in error;
}
