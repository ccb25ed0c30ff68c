/** Runs an application's callback so that its exception disturbs nobody else, yet is not hidden. */
export function isolate(run: () => void): void {
  try {
    run();
  } catch (error) {
    // Reported as any uncaught error of the page would be, but after everyone else has been told.
    queueMicrotask(() => {
      throw error;
    });
  }
}
