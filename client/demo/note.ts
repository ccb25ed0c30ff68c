/** One note on the stage: a text to write, a handle to move it by, a button that deletes it. */
import { moveCaret } from './caret.ts';
import { NOTE_LENGTH_MAX } from './check.ts';
import type { Note, Point } from './check.ts';
import { html, setAttribute } from './dom.ts';
import { createPace } from './pace.ts';

/** How often a note that is being written or moved is sent. */
const NOTE_SEND_MS: number = 120;
/** One press of an arrow key, as a share of the stage; with Shift, `LEAP`. */
const STEP: number = 0.02;
const LEAP: number = 0.1;

export interface NoteDeps {
  readonly key: string;
  readonly stage: HTMLElement;
  /** Writes these fields of the note and leaves the others as they are now. */
  readonly write: (patch: Partial<Note>) => void;
  readonly remove: () => void;
}

export interface DrawnNote {
  readonly element: HTMLElement;
  /** Shows what the mesh says, but what this visitor is writing or moving right now. */
  readonly draw: (note: Note) => void;
  readonly focus: () => void;
  /** Sends nothing more. */
  readonly drop: () => void;
}

export function createNote(deps: NoteDeps): DrawnNote {
  const text = html('textarea', {
    class: 'note-text',
    'aria-label': 'Text of the note',
    maxlength: String(NOTE_LENGTH_MAX),
    rows: '3',
  });
  const handle = html('button', {
    type: 'button',
    class: 'note-handle',
    'aria-label': 'Move the note: drag, or use the arrow keys',
  });
  const remove = html(
    'button',
    { type: 'button', class: 'icon note-delete', 'aria-label': 'Delete the note' },
    ['×'],
  );
  const bar = html('div', { class: 'note-bar' }, [handle, remove]);
  const element = html(
    'article',
    { class: 'note', 'aria-label': 'Note', 'data-testid': 'note', 'data-note': deps.key },
    [bar, text],
  );
  const writing = watchText(text, deps);
  const moving = watchHandle({ handle, element, deps });
  remove.addEventListener('click', deps.remove);
  return {
    element,
    draw(note) {
      setAttribute(element, 'data-color', note.color);
      writing.draw(note.text);
      moving.draw(note);
    },
    focus: () => text.focus(),
    drop() {
      writing.drop();
      moving.drop();
    },
  };
}

interface Part<T> {
  readonly draw: (value: T) => void;
  readonly drop: () => void;
}

/** Sends what is written; a text from elsewhere waits until one's own is sent, and spares the caret. */
function watchText(text: HTMLTextAreaElement, { write }: NoteDeps): Part<string> {
  let composing = false;
  const pace = createPace(NOTE_SEND_MS, () => write({ text: text.value }));
  text.addEventListener('input', pace.request);
  text.addEventListener('blur', pace.flush);
  text.addEventListener('compositionstart', () => {
    composing = true;
  });
  text.addEventListener('compositionend', () => {
    composing = false;
    pace.request();
  });
  const draw = (value: string): void => {
    if (composing || pace.isOwed() || text.value === value) return;
    const { value: before, selectionStart, selectionEnd, selectionDirection } = text;
    text.value = value;
    if (document.activeElement !== text) return;
    text.setSelectionRange(
      moveCaret(before, value, selectionStart),
      moveCaret(before, value, selectionEnd),
      selectionDirection,
    );
  };
  return { draw, drop: pace.cancel };
}

interface HandleDeps {
  readonly handle: HTMLElement;
  readonly element: HTMLElement;
  readonly deps: NoteDeps;
}

/** Moves the note by pointer and by arrow keys. */
function watchHandle({ handle, element, deps }: HandleDeps): Part<Point> {
  let at: Point = { x: 0, y: 0 };
  let grip: Point | undefined;
  const pace = createPace(NOTE_SEND_MS, () => deps.write(at));
  const place = (next: Point): void => {
    at = { x: clamp(next.x), y: clamp(next.y) };
    element.style.setProperty('--x', String(at.x));
    element.style.setProperty('--y', String(at.y));
  };
  const move = (next: Point): void => {
    place(next);
    pace.request();
  };

  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const box = element.getBoundingClientRect();
    grip = { x: event.clientX - box.left, y: event.clientY - box.top };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener('pointermove', (event) => {
    if (grip !== undefined) move(underPointer({ event, grip, element, stage: deps.stage }));
  });
  handle.addEventListener('lostpointercapture', () => {
    grip = undefined;
    pace.flush();
  });
  handle.addEventListener('keydown', (event) => {
    const way = WAYS[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const step = event.shiftKey ? LEAP : STEP;
    move({ x: at.x + way.x * step, y: at.y + way.y * step });
  });

  const draw = (next: Point): void => {
    if (grip === undefined && !pace.isOwed()) place(next);
  };
  return { draw, drop: pace.cancel };
}

const WAYS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

interface Drag {
  readonly event: PointerEvent;
  readonly grip: Point;
  readonly element: HTMLElement;
  readonly stage: HTMLElement;
}

/** A note's place is a share of the room it has to move in, so that it lies within every stage, large or small. */
function underPointer({ event, grip, element, stage }: Drag): Point {
  const room = stage.getBoundingClientRect();
  const width = Math.max(1, room.width - element.offsetWidth);
  const height = Math.max(1, room.height - element.offsetHeight);
  return { x: (event.clientX - grip.x - room.left) / width, y: (event.clientY - grip.y - room.top) / height };
}

function clamp(share: number): number {
  return Math.round(10_000 * Math.min(1, Math.max(0, share))) / 10_000;
}
