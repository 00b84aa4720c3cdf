/** Texts up to this long are dealt with at once, characters: they take a few ms. */
export const MOST_AT_ONCE = 256 * 1024;

/** Lets everybody else have their turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
