/** What a page would report as uncaught errors, gathered. */

export async function uncaughtIn(run: () => unknown): Promise<unknown[]> {
  const thrown: unknown[] = [];
  const catcher = (error: unknown): void => void thrown.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', catcher);
  try {
    await run();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('uncaughtException', catcher);
    for (const other of others) process.on('uncaughtException', other);
  }
  return thrown;
}
