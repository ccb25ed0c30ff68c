/** Tells a visitor who is alone why nothing happens, and what to do about it. */
import type { MeshStatus } from '../src/index.ts';
import { openTab } from './controls.ts';
import { html, setText } from './dom.ts';
import type { PageMesh } from './presence.ts';

/** Returns what redraws the welcome: it shows while nobody else is here. */
export function createWelcome(stage: HTMLElement, mesh: PageMesh): () => void {
  const title = html('h3');
  const text = html('p');
  const open = html('button', { type: 'button', class: 'primary large' }, ['Open another tab']);
  const welcome = html('div', { class: 'welcome', 'data-testid': 'welcome' }, [title, text, open]);
  const hint = html('p', { class: 'stage-hint' }, ['Move over the stage; double-click it to leave a note.']);
  open.addEventListener('click', openTab);
  stage.append(hint, welcome);

  return () => {
    const status = mesh.status.value;
    const words = WORDS[status] ?? ALONE;
    setText(title, words.title);
    setText(text, words.text);
    welcome.hidden = mesh.members.size > 1 || status === 'closed';
    hint.hidden = !welcome.hidden;
  };
}

interface Words {
  readonly title: string;
  readonly text: string;
}

const ALONE: Words = {
  title: 'You are the only one here',
  text: 'Open this room a second time and the two tabs will find each other. Or send the address above to someone.',
};

/** Where one is alone for another reason than being first. */
const WORDS: Readonly<Partial<Record<MeshStatus, Words>>> = {
  connecting: {
    title: 'Looking for others…',
    text: 'If somebody is in this room, the server is about to introduce you.',
  },
  offline: {
    title: 'Nobody is in reach',
    text: 'Tabs find each other through the server, and this one is not connected to it. Others may well be here.',
  },
};
