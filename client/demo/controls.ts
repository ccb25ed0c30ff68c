/** The buttons under the sentence: another tab, a room of one's own, the address, and the cut. */
import { newRoomLink } from '../src/index.ts';
import { html, setAttribute, setText } from './dom.ts';
import type { PageMesh } from './presence.ts';

export interface Controls {
  readonly isCut: () => boolean;
}

const ATTACHED_WORDS: string =
  'The server only introduces tabs. Cut this one off and watch: cursors, notes and chat go on.';
const CUT_WORDS: string =
  'This tab has let go of the server. All goes on directly between the tabs; it just cannot introduce newcomers.';

/** Opens one more tab in this room; it runs as a process of its own. */
export function openTab(): void {
  window.open(location.href, '_blank', 'noopener');
}

export interface ControlsOptions {
  readonly mesh: PageMesh;
  /** The address holds the key of this room. */
  readonly isPrivate: boolean;
  /** Runs after each cut and restoration. */
  readonly changed: () => void;
}

/** Fills `place`. */
export function createControls(place: HTMLElement, { mesh, isPrivate, changed }: ControlsOptions): Controls {
  let cutOff = false;
  const open = html('button', { type: 'button', class: 'primary', 'data-testid': 'open-tab' }, [
    'Open another tab',
  ]);
  const cut = html('button', { type: 'button', 'data-testid': 'cut', 'aria-describedby': 'cut-words' });
  const enclose = html('button', { type: 'button', 'data-testid': 'private-room' }, ['New private room']);
  const words = html('p', { class: 'cut-words', id: 'cut-words' });

  const draw = (): void => {
    setText(cut, cutOff ? 'Restore the server' : 'Cut the server');
    setText(words, cutOff ? CUT_WORDS : ATTACHED_WORDS);
    setAttribute(cut, 'data-cut', String(cutOff));
  };

  open.addEventListener('click', openTab);
  enclose.addEventListener('click', () => void window.open(newRoomLink(), '_blank', 'noopener'));
  cut.addEventListener('click', () => {
    cutOff = !cutOff;
    if (cutOff) mesh.detach();
    else mesh.attach();
    draw();
    changed();
  });

  draw();
  place.append(html('div', { class: 'buttons' }, [open, cut, enclose]), words, createAddress(isPrivate));
  return { isCut: () => cutOff };
}

/** The address to hand on, and a button that copies it. */
function createAddress(isPrivate: boolean): HTMLElement {
  const field = html('input', {
    type: 'text',
    readonly: '',
    'aria-label': isPrivate ? 'Private link of this room' : 'Address of this room',
    // Beside the buttons in one line; of a private link no eye need read more.
    size: isPrivate ? '12' : '24',
  });
  field.value = location.href;
  const copy = html('button', { type: 'button' }, [isPrivate ? 'Copy private link' : 'Copy']);
  const said = html('span', { class: 'unseen', role: 'status' });
  const say = (word: string, sentence: string): void => {
    setText(copy, word);
    setText(said, sentence);
  };
  copy.addEventListener('click', () => {
    field.select();
    copyText(field.value).then(
      () => say('Copied', isPrivate ? 'Private link copied.' : 'Address copied.'),
      () => say('Ctrl+C', 'The address is selected: copy it by keyboard.'),
    );
  });
  return html('div', { class: 'address' }, [field, copy, said]);
}

/** Rejects where the page may not write to the clipboard: on plain http there is none. */
async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
