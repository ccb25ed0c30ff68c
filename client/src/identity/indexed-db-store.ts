/** A user's key in IndexedDB, which keeps a `CryptoKey` as it is: usable, and unreadable. */
import type { IdentityStore, StoredKey } from './user-identity.ts';

const DATABASE: string = 'gossamer';
const TABLE: string = 'identity';
const KEY: string = 'user';

export function createIndexedDbStore(): IdentityStore {
  return {
    getOrPut: async (make) => {
      const database = await open();
      try {
        const held = await read(database);
        if (held) return held;
        const made = await make();
        await add(database, made);
        // Another tab may have been quicker: then its key stands.
        return (await read(database)) ?? made;
      } finally {
        database.close();
      }
    },
  };
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(TABLE));
  return resultOf(request);
}

function read(database: IDBDatabase): Promise<StoredKey | undefined> {
  return resultOf<StoredKey | undefined>(database.transaction(TABLE).objectStore(TABLE).get(KEY));
}

/** Adds, and leaves what is there. */
function add(database: IDBDatabase, key: StoredKey): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(TABLE, 'readwrite');
    const request = transaction.objectStore(TABLE).add(key, KEY);
    request.addEventListener('error', (event) => {
      // Already there: no reason to undo the transaction, nor an error of the page.
      if (request.error?.name === 'ConstraintError') event.preventDefault();
    });
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('aborted')));
  });
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('failed')));
  });
}
