/** The built page, read once at the start: whoever asks for it costs no file handle and no look at the disk. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { assert } from '#shared/base/assert.ts';

export interface PageFile {
  readonly body: Buffer;
  readonly etag: string;
}

/** The files by their path: `/index.html`, `/assets/…`. */
export type Page = ReadonlyMap<string, PageFile>;

/** The built page is a dozen files of two megabytes; what is far beyond that is another folder, given by mistake. */
const FILES_MAX: number = 1_000;
const BYTES_MAX: number = 67_108_864;

/** Links are left out: they may lead out of the folder. A folder that is not there is a page without files. */
export async function readPage(dir: string): Promise<Page> {
  const page = new Map<string, PageFile>();
  let bytes = 0;
  for (const location of await filesIn(dir)) {
    bytes += (await stat(location)).size;
    assert(page.size < FILES_MAX && bytes <= BYTES_MAX, `${dir} holds too much to be a page`);
    const body = await readFile(location);
    page.set(`/${relative(dir, location).split(sep).join('/')}`, { body, etag: etagOf(body) });
  }
  return page;
}

async function filesIn(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const etagOf = (body: Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
