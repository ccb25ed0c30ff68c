/** Work for the browser's threads: so much at a time that one link holds up no other for long. */

/** Runs a task when fewer than so many units are under way; tasks begin in the order in which they were given. */
export function createLanes(unitsMax: number): <T>(units: number, task: () => Promise<T>) => Promise<T> {
  let free = unitsMax;
  const waiting: { readonly units: number; readonly begin: () => void }[] = [];
  const next = (): void => {
    for (let one = waiting[0]; one && one.units <= free; one = waiting[0]) {
      waiting.shift();
      free -= one.units;
      one.begin();
    }
  };
  return async (units, task) => {
    const turn = new Promise<void>((resolve) => waiting.push({ units, begin: resolve }));
    next();
    await turn;
    try {
      return await task();
    } finally {
      free += units;
      next();
    }
  };
}
