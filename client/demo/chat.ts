/** A line of chat to everyone here, or to one. */
import { badge } from './badge.ts';
import { CHAT_LENGTH_MAX, readChat } from './check.ts';
import { html, setAttribute, setText } from './dom.ts';
import { codeOf } from './errors.ts';
import { nameIn } from './presence.ts';
import type { PageMesh } from './presence.ts';
import { errorWords } from './sentence.ts';

const LINES_MAX: number = 200;
/** The log follows new lines, and a new size, only while its end is in view, give or take. */
const AT_END_PX: number = 40;

export interface Chat {
  /** The next message goes to this member alone. */
  readonly writeTo: (id: string) => void;
}

interface Line {
  readonly from: string;
  readonly text: string;
  /** "to you", "to Amber Fox", or empty. */
  readonly mark: string;
}

export function createChat(place: HTMLElement, mesh: PageMesh): Chat {
  const topic = mesh.topic('chat');
  const log = createLog(mesh);
  const form = createForm(mesh, (text, to) => {
    const line = log.add({ from: mesh.id, text, mark: to === undefined ? '' : `to ${nameIn(mesh, to)}` });
    const sent = to === undefined ? topic.send({ text }) : topic.send({ text, to }, { to });
    sent.catch((error: unknown) => line.fail(failureWords(error)));
  });
  topic.on(({ data, from }) => {
    const chat = readChat(data);
    if (chat !== undefined) log.add({ from, text: chat.text, mark: chat.to === mesh.id ? 'to you' : '' });
  });
  place.append(log.element, form.element);
  return { writeTo: form.writeTo };
}

function failureWords(error: unknown): string {
  const code = codeOf(error);
  return code === undefined ? 'Not sent.' : `Not sent: ${errorWords(code)} (${code})`;
}

interface Log {
  readonly element: HTMLElement;
  readonly add: (line: Line) => { readonly fail: (words: string) => void };
}

function createLog(mesh: PageMesh): Log {
  const empty = html('p', { class: 'hint' }, [
    'Nothing said yet. Who joins later does not see what was said before.',
  ]);
  const lines = html('div', {
    class: 'log',
    role: 'log',
    'aria-label': 'Chat',
    tabindex: '0',
    'data-testid': 'chat-log',
  });
  const element = html('div', { class: 'log-frame' }, [lines, empty]);

  let atEnd = true;
  const follow = (): void => {
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  lines.addEventListener('scroll', () => {
    atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < AT_END_PX;
  });
  new ResizeObserver(follow).observe(lines);

  const add: Log['add'] = ({ from, text, mark }) => {
    const head = html('p', { class: 'line-head' }, [badge(from), html('b', {}, [nameIn(mesh, from)])]);
    if (from === mesh.id) head.append(html('span', { class: 'mark' }, ['you']));
    if (mark !== '') head.append(html('span', { class: 'mark direct' }, [mark]));
    const line = html('div', { class: 'line', 'data-testid': 'chat-entry', 'data-from': from }, [
      head,
      html('p', { class: 'line-text' }, [text]),
    ]);
    if (mark !== '') line.setAttribute('data-direct', '');
    empty.remove();
    lines.append(line);
    while (lines.childElementCount > LINES_MAX) lines.firstElementChild?.remove();
    follow();
    return {
      fail(words) {
        line.setAttribute('data-failed', '');
        line.append(html('p', { class: 'line-failure' }, [words]));
      },
    };
  };
  return { element, add };
}

interface Form {
  readonly element: HTMLElement;
  readonly writeTo: (id: string) => void;
}

function createForm(mesh: PageMesh, send: (text: string, to: string | undefined) => void): Form {
  let to: string | undefined;
  const label = html('label', { for: 'chat-text', class: 'chat-to' });
  const everyone = html('button', { type: 'button', class: 'quiet', 'data-testid': 'chat-everyone' }, [
    'To everyone',
  ]);
  const input = html('input', {
    id: 'chat-text',
    type: 'text',
    maxlength: String(CHAT_LENGTH_MAX),
    autocomplete: 'off',
    enterkeyhint: 'send',
    'data-testid': 'chat-input',
  });
  const button = html('button', { type: 'submit' }, ['Send']);
  const element = html('form', { class: 'chat-form' }, [
    html('div', { class: 'chat-head' }, [label, everyone]),
    html('div', { class: 'chat-row' }, [input, button]),
  ]);

  const address = (id: string | undefined): void => {
    to = id;
    setText(label, id === undefined ? 'To everyone here' : `To ${nameIn(mesh, id)} alone`);
    everyone.hidden = id === undefined;
    setAttribute(element, 'data-to', id);
  };
  everyone.addEventListener('click', () => {
    address(undefined);
    input.focus();
  });
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    input.value = '';
    send(text, to);
  });
  // Escape lets go of the one member, as it does with most things.
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') address(undefined);
  });
  address(undefined);
  return {
    element,
    writeTo(id) {
      address(id);
      input.focus();
    },
  };
}
